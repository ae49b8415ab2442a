//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

const EXIT_CODES: &str = "\
Exit codes:
  0  everything came as expected
  1  something did not
  2  the command line or a file is wrong
  3  the environment lacks something
  4  no scenario matched";

const RUN_EXAMPLES: &str = "\
Examples:
  glare run                                             the whole catalogue, every pair of peers
  glare run scenarios/webrtc-pc --peer str0m            part of it, str0m against itself
  glare run my.yaml --cast a=reference,b=str0m          one pair
  glare run my.yaml --seeds 0..200                      200 different networks
  glare run --verify                                    is every cell the same every time?

Exit codes:
  0  everything came as expected
  1  something did not
  2  the command line or a file is wrong
  3  the environment lacks something
  4  no scenario matched";

/// Plays WebRTC negotiation scripts against implementations of RTCPeerConnection over a simulated internet.
///
/// Without a command it plays the catalogue, as `glare run` does.
#[derive(Debug, Parser)]
#[command(name = "glare", version, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play scenarios and print the matrix of verdicts
    Run(RunArguments),
    /// Play a bundle again with the recorded fate of every packet
    #[command(
        after_help = "Example:\n  glare replay target/glare/webrtc-pc/connection/connect/a=reference,b=str0m,seed=0"
    )]
    Replay(ReplayArguments),
    /// Check scenarios without playing them
    #[command(after_help = "Examples:\n  glare check scenarios\n  glare check my.yaml --expand")]
    Check(CheckArguments),
    /// Print the JSON Schema of scenarios, for editors
    #[command(after_help = "Example:\n  glare schema > scenario.schema.json")]
    Schema,
    /// Break a peer in every way there is, one at a time, and say which the catalogue catches
    #[command(
        after_help = "Examples:\n  glare sabotage                                     how good is the catalogue?\n  glare sabotage --only open-is-fired-twice          one sabotage\n  glare run my.yaml --cast a=reference+open-is-fired-twice,b=reference\n  glare sabotage > docs/sabotage.md"
    )]
    Sabotage(SabotageArguments),
    /// Say, member by member, which scenarios show the interface and what each peer makes of them
    #[command(after_help = "Examples:\n  glare coverage > docs/coverage.md\n  glare coverage --clauses")]
    Coverage(CoverageArguments),
    /// List scenarios, with their clauses, and peers
    #[command(after_help = "Examples:\n  glare list\n  glare list scenarios/webrtc-pc")]
    List(ListArguments),
    /// Say which peers and networks work here, and what the others need
    Doctor,
    /// Play cells for another glare
    #[command(hide = true)]
    Worker,
}

/// What to play, and how.
#[derive(Debug, Clone, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct RunArguments {
    /// Scenario files, or folders of them
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// A peer to play with; again for more. All but those on request unless given
    #[arg(long = "peer", value_name = "NAME")]
    pub(crate) peers: Vec<String>,
    /// Who plays which role: a=NAME,b=NAME; a role left out is played by every peer
    #[arg(long, value_name = "ROLE=NAME,…", value_delimiter = ',', value_parser = role)]
    pub(crate) cast: Vec<(String, String)>,
    /// The seed of all chance
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "seeds")]
    pub(crate) seed: u64,
    /// Seeds A up to B, without B
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub(crate) seeds: Option<std::ops::Range<u64>>,
    /// How many worker processes; as many as there are processors unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Where bundles go, a folder for each cell
    #[arg(long, value_name = "DIR", default_value = "target/glare")]
    pub(crate) out: PathBuf,
    /// Expected failures
    #[arg(long, value_name = "FILE", default_value = "ci/expected.toml")]
    pub(crate) ledger: PathBuf,
    /// How long a cell may take by the wall clock before it counts as crashed, such as 60s
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub(crate) watchdog: Duration,
    /// Play every cell twice in different surroundings and compare every packet and the trace
    #[arg(long)]
    pub(crate) verify: bool,
}

impl Default for RunArguments {
    fn default() -> RunArguments {
        RunArguments {
            paths: Vec::new(),
            peers: Vec::new(),
            cast: Vec::new(),
            seed: 0,
            seeds: None,
            jobs: None,
            out: PathBuf::from("target/glare"),
            ledger: PathBuf::from("ci/expected.toml"),
            watchdog: Duration::from_secs(60),
            verify: false,
        }
    }
}

impl RunArguments {
    /// The seeds to play.
    pub(crate) fn seeds(&self) -> std::ops::RangeInclusive<u64> {
        match &self.seeds {
            // The range is never empty: the command line refuses that.
            Some(seeds) => seeds.start..=seeds.end.saturating_sub(1),
            None => self.seed..=self.seed,
        }
    }

    /// How many workers to start.
    pub(crate) fn jobs(&self) -> usize {
        workers(self.jobs)
    }
}

/// How many workers to start: as many as were asked for, or as there are processors.
pub(crate) fn workers(asked: Option<u16>) -> usize {
    asked.map_or_else(
        || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        usize::from,
    )
}

/// What to break, and against what.
#[derive(Debug, Clone, Args)]
pub(crate) struct SabotageArguments {
    /// Scenario files, or folders of them
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The peer to break; whole ones of it play the other roles
    #[arg(long, value_name = "NAME", default_value = "reference")]
    pub(crate) peer: String,
    /// Only this sabotage; again for more
    #[arg(long = "only", value_name = "SABOTAGE")]
    pub(crate) only: Vec<String>,
    /// How many of a hundred that took effect have to be caught
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) at_least: u8,
    /// How many worker processes; as many as there are processors unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// How long one sabotage may take by the wall clock, such as 60s
    #[arg(long, value_name = "DURATION", default_value = "300s", value_parser = duration)]
    pub(crate) watchdog: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct CoverageArguments {
    /// Scenario files, or folders of them
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// List the requirements of webrtc-pc and JSEP that no scenario cites instead
    #[arg(long)]
    pub(crate) clauses: bool,
    /// How many worker processes; as many as there are processors unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Expected failures
    #[arg(long, value_name = "FILE", default_value = "ci/expected.toml")]
    pub(crate) ledger: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// The folder of the bundle
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundle: PathBuf,
    /// How long it may take by the wall clock, such as 60s
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub(crate) watchdog: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Scenario files, or folders of them
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Print each scenario with its macros and matrix expanded
    #[arg(long)]
    pub(crate) expand: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Scenario files, or folders of them
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

fn role(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((role, name)) if !role.is_empty() && !name.is_empty() => Ok((role.to_owned(), name.to_owned())),
        _ => Err("expected ROLE=NAME, such as a=reference".to_owned()),
    }
}

fn seeds(text: &str) -> Result<std::ops::Range<u64>, String> {
    let problem = || "expected A..B, such as 0..50".to_owned();
    let (from, to) = text.split_once("..").ok_or_else(problem)?;
    let from: u64 = from.parse().map_err(|_| problem())?;
    let to: u64 = to.parse().map_err(|_| problem())?;
    if from < to {
        Ok(from..to)
    } else {
        Err(format!("{from}..{to} has no seed in it"))
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let problem = || "expected a number with a unit: 500ms, 60s or 5min".to_owned();
    let split = text
        .find(|character: char| !character.is_ascii_digit())
        .ok_or_else(problem)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| problem())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "min" => number
            .checked_mul(60)
            .map(Duration::from_secs)
            .ok_or_else(problem),
        _ => Err(problem()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_those_of_the_command_line() {
        let Some(Command::Run(parsed)) = Arguments::parse_from(["glare", "run"]).command else {
            panic!("`glare run` is a run");
        };
        assert_eq!(format!("{parsed:?}"), format!("{:?}", RunArguments::default()));
    }

    #[test]
    fn the_greatest_seed_is_a_seed() {
        let arguments = RunArguments {
            seed: u64::MAX,
            ..RunArguments::default()
        };
        assert_eq!(arguments.seeds().count(), 1);
        let arguments = RunArguments {
            seeds: Some(3..5),
            ..RunArguments::default()
        };
        assert!(arguments.seeds().eq([3, 4]));
    }

    #[test]
    fn values_without_sense_are_refused() {
        for arguments in [
            vec!["run", "--seeds", "5..5"],
            vec!["run", "--seeds", "5"],
            vec!["run", "--cast", "a"],
            vec!["run", "--watchdog", "60"],
            vec!["run", "--jobs", "0"],
            vec!["run", "--seed", "1", "--seeds", "0..2"],
        ] {
            let whole = std::iter::once("glare").chain(arguments.iter().copied());
            assert!(Arguments::try_parse_from(whole).is_err(), "{arguments:?}");
        }
    }
}
