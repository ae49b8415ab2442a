#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| glare_reference::fuzzing::dcep(data));
