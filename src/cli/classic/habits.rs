//! What docker-machine's voice does otherwise than ours, each habit by its name. A command asks whether we have a habit
//! ([`App::has`](crate::cli::app::App::has)), never whose voice we speak with; differences.md says why each is as it is.

/// One thing that docker-machine did otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// `active`: the host has to run, which its driver is asked.
    ActiveRuns,
    /// `create`: the CA is made before the driver's checks, so that a refusal leaves it.
    CertificatesBeforeChecks,
    /// `create`: a name is taken, also where its create did not end.
    NeverResumes,
    /// `create`: one machine at a time.
    OneMachine,
    /// `create`: ends with a sentence of its own.
    LongGoodbye,
    /// `create`: a host that another store has adopted is taken over.
    TakesOver,
    /// `env`: the engine is asked before anybody is pointed at it.
    EngineIsAsked,
    /// `env`: all four variables whatever the engine, and nothing beside them.
    FourVariables,
    /// `env`: a shell that nobody knows is one of POSIX.
    AnyShell,
    /// `inspect`: the file as it is, with its secrets.
    ShowsTheFile,
    /// `ip`, `url`, `ssh`, and `ls` for its URLs: only of a host that runs.
    HostMustRun,
    /// `ls`: what cannot be loaded is in every table, and never among the names of `-q`.
    BrokenInTables,
    /// `ls`: nothing is known of a machine that did not answer everything in time.
    LateIsUnknown,
    /// `ls`: a filter may name a state that there is not.
    AnyState,
    /// `ls`: a driver that is not here is not named, and a broken record is told in that program's words.
    OwnWordsInTables,
    /// Any: docker's contexts are unknown, so none is made and none says which machine is active.
    NoContexts,
    /// Any: where one of several names is of no machine, nothing is done to the others.
    AllOrNothing,
    /// Any: debugging begins with a line of the version.
    VersionBeforeDebugging,
    /// `rm`: an answer may come through a pipe, and what goes is told even to those who are not asked.
    ConsentByPipe,
    /// `start`, `stop`, `kill`: a host that is already so is an error.
    AlreadySoIsAnError,
    /// `url` and its like: one name.
    OneName,
    /// `rm`: tells of each machine, and goes on to the next.
    TellsEachRemoval,
    /// `scp`: says twice what it was doing when a machine is not there.
    TellsLoadingTwice,
    /// `scp`: copies from a folder here to another.
    CopiesHere,
    /// `scp`, `mount`: help before the error where places are missing.
    HelpOnWrongNumber,
    /// `regenerate-certs`: asks, says what it does, and means the machine `default` where none is named.
    AsksBeforeCertificates,
    /// `regenerate-certs`, `upgrade`: containers stop, and nobody is asked about them.
    StopsContainers,
}

/// The sentence with which `create` ended, which names the program as it was called.
pub fn goodbye(program: &str, machine: &str) -> String {
    format!(
        "To see how to connect your Docker Client to the Docker Engine running on this virtual machine, run: {program} env {machine}"
    )
}
