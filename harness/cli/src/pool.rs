//! Worker processes: hands out jobs, watches the clock, and turns the end of a worker into a verdict.

use std::collections::{BTreeMap, VecDeque};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::exit::Problem;
use crate::protocol::{Done, Job, MARK, Order};

/// How much of what a worker says on standard error is kept, in bytes.
const KEPT: usize = 8_192;

/// The longest line of a worker that is looked at, in bytes. A longer one is a peer's: no answer comes near it.
const LONGEST: usize = 64 << 20;

/// How to work.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    /// How many workers at once.
    pub(crate) jobs: usize,
    /// How long a job may take by the wall clock.
    pub(crate) watchdog: Duration,
    /// After how many jobs a worker is replaced; none to keep it.
    pub(crate) jobs_per_worker: Option<usize>,
    /// What the workers' environment has beside this process's.
    pub(crate) environment: BTreeMap<&'static str, String>,
}

/// How a job ended.
#[derive(Debug, Clone)]
pub(crate) enum Ended {
    /// The worker answered.
    Done(Done),
    /// The worker died or hung; why, and what it last said.
    Crashed(String),
}

impl Pool {
    /// Does all jobs; tells of each as it ends, by its index. The answer is in the order of the jobs.
    ///
    /// # Errors
    ///
    /// A worker could not be started.
    pub(crate) fn work(
        &self,
        jobs: Vec<Job>,
        told: impl FnMut(usize, &Ended) + Send + 'static,
    ) -> Result<Vec<Ended>, Problem> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Problem::environment(format!("workers cannot be started: {error}")))?;
        runtime.block_on(self.work_through(jobs, told))
    }

    async fn work_through(
        &self,
        jobs: Vec<Job>,
        told: impl FnMut(usize, &Ended) + Send + 'static,
    ) -> Result<Vec<Ended>, Problem> {
        let count = jobs.len();
        let shared = Arc::new(Mutex::new(Shared {
            waiting: jobs.into_iter().enumerate().collect(),
            ended: (0..count).map(|_| None).collect(),
            told: Box::new(told),
        }));
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..self.jobs.min(count) {
            workers.spawn(lane(self.clone(), Arc::clone(&shared)));
        }
        while let Some(result) = workers.join_next().await {
            result.map_err(|error| Problem::environment(format!("a worker was lost: {error}")))??;
        }
        let mut shared = lock(&shared);
        Ok(std::mem::take(&mut shared.ended).into_iter().flatten().collect())
    }
}

/// What is told of a job that ended, by its index.
type Told = dyn FnMut(usize, &Ended) + Send;

struct Shared {
    waiting: VecDeque<(usize, Job)>,
    ended: Vec<Option<Ended>>,
    told: Box<Told>,
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    // What is inside is whole after every statement, also where the code that tells of a job panicked.
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Takes job after job, with one worker after another.
async fn lane(pool: Pool, shared: Arc<Mutex<Shared>>) -> Result<(), Problem> {
    let mut worker: Option<Worker> = None;
    loop {
        let Some((index, job)) = lock(&shared).waiting.pop_front() else {
            return Ok(());
        };
        let mut current = match worker.take() {
            Some(worker) => worker,
            None => Worker::start(&pool.environment)?,
        };
        let order = Order {
            tag: format!("{}-{index}", std::process::id()),
            job,
        };
        let ended = match tokio::time::timeout(pool.watchdog, current.ask(&order)).await {
            Ok(Some(done)) => {
                current.done += 1;
                if pool.jobs_per_worker.is_none_or(|most| current.done < most) {
                    worker = Some(current);
                } else {
                    current.leave(pool.watchdog).await;
                }
                Ended::Done(done)
            }
            Ok(None) => {
                let (ended, said) = current.post_mortem().await;
                Ended::Crashed(format!("{ended}{said}"))
            }
            Err(_) => {
                let (_, said) = current.post_mortem().await;
                let watchdog = pool.watchdog;
                Ended::Crashed(format!(
                    "it hung: nothing came within {watchdog:?} of wall-clock time{said}"
                ))
            }
        };
        let mut shared = lock(&shared);
        (shared.told)(index, &ended);
        shared.ended[index] = Some(ended);
    }
}

/// A worker process.
struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    said: Arc<Mutex<Vec<u8>>>,
    done: usize,
}

impl Worker {
    fn start(environment: &BTreeMap<&'static str, String>) -> Result<Worker, Problem> {
        let problem =
            |error: std::io::Error| Problem::environment(format!("a worker cannot be started: {error}"));
        let program = std::env::current_exe().map_err(problem)?;
        let mut child = Command::new(program)
            .arg("worker")
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(problem)?;
        let (Some(input), Some(output), Some(mut errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Problem::environment(
                "a worker cannot be started: it has no standard streams",
            ));
        };
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&said);
        tokio::spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = errors.read(&mut buffer).await {
                let mut kept = kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                kept.extend_from_slice(&buffer[..count]);
                let surplus = kept.len().saturating_sub(KEPT);
                kept.drain(..surplus);
            }
        });
        Ok(Worker {
            child,
            input,
            output: BufReader::new(output),
            said,
            done: 0,
        })
    }

    /// Gives the worker an order and waits for its answer; none when the worker ended instead.
    async fn ask(&mut self, order: &Order) -> Option<Done> {
        let mut line = match serde_json::to_vec(order) {
            Ok(line) => line,
            Err(error) => {
                return Some(Done::Impossible(format!(
                    "a worker cannot be told its job: {error}"
                )));
            }
        };
        line.push(b'\n');
        self.input.write_all(&line).await.ok()?;
        self.input.flush().await.ok()?;
        let start = format!("{MARK}{}:", order.tag);
        loop {
            let line = self.line().await?;
            if let Some(answer) = line.strip_prefix(start.as_bytes()) {
                let unreadable =
                    |error| Done::Impossible(format!("a worker's answer cannot be read: {error}"));
                return Some(serde_json::from_slice(answer).unwrap_or_else(unreadable));
            }
        }
    }

    /// The next line of the worker's standard output that is not too long; none when there is no further one.
    async fn line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            let read = self.output.fill_buf().await.ok()?;
            if read.is_empty() {
                return None;
            }
            let end = read.iter().position(|&byte| byte == b'\n');
            let part = &read[..end.unwrap_or(read.len())];
            too_long |= line.len() + part.len() > LONGEST;
            if too_long {
                line.clear();
            } else {
                line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.output.consume(used);
            if end.is_some() {
                if !too_long {
                    return Some(line);
                }
                too_long = false;
            }
        }
    }

    /// Lets the worker end by itself.
    async fn leave(self, patience: Duration) {
        let Worker { mut child, input, .. } = self;
        drop(input);
        // It has answered its last job: how it ends changes no verdict. One that does not end is killed as it is dropped.
        let _ = tokio::time::timeout(patience, child.wait()).await;
    }

    /// Ends the worker, if it has not ended, and says how it did, and what it said last, if anything, after a colon.
    async fn post_mortem(mut self) -> (String, String) {
        // Fails only where the worker is gone already.
        let _ = self.child.start_kill();
        let status = self.child.wait().await;
        // What it wrote may still be on its way through the pipe.
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let said = self
            .said
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said);
        let last: Vec<&str> = said
            .lines()
            .rev()
            .filter(|line| !line.trim().is_empty())
            .take(3)
            .collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        let ended = match status {
            Ok(status) => format!("the process ended with {status}"),
            Err(error) => format!("the process is lost ({error})"),
        };
        let said = if last.is_empty() {
            String::new()
        } else {
            format!(": {}", last.join(" | "))
        };
        (ended, said)
    }
}
