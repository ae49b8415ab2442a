//! The list is sound, and what it says is broken is broken.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_sabotage_has_a_name_of_its_own_and_says_what_it_breaks() {
    let mut names = BTreeSet::new();
    for sabotage in sabotages() {
        assert!(names.insert(sabotage.name), "{} is there twice", sabotage.name);
        let kebab = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        assert!(sabotage.name.chars().all(kebab), "{}", sabotage.name);
        assert!(
            sabotage.what.ends_with('.'),
            "{}: {}",
            sabotage.name,
            sabotage.what
        );
        assert!(
            sabotage.clause.contains('#'),
            "{}: {}",
            sabotage.name,
            sabotage.clause
        );
        assert!(
            sabotage.member.contains('.'),
            "{}: {}",
            sabotage.name,
            sabotage.member
        );
    }
    assert!(names.len() >= 100, "only {} sabotages", names.len());
}
