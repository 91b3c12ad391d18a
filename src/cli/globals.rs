//! Options that every command takes.

use std::path::PathBuf;

/// Options that every command takes.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Show what happens, line by line
    #[arg(long, short = 'D', global = true)]
    pub debug: bool,

    /// Show only data, warnings and errors
    #[arg(long, global = true)]
    pub quiet: bool,

    /// Keep machines in this folder
    #[arg(long, short = 's', global = true, value_name = "FOLDER")]
    pub storage_path: Option<PathBuf>,

    /// Sign with the CA of this certificate
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub tls_ca_cert: Option<PathBuf>,

    /// Sign with this CA key
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub tls_ca_key: Option<PathBuf>,

    /// Show this client certificate to engines
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub tls_client_cert: Option<PathBuf>,

    /// Use this client key
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub tls_client_key: Option<PathBuf>,

    /// Do nothing: the built-in SSH client is always used
    #[arg(long, global = true, hide_short_help = true)]
    pub native_ssh: bool,

    /// Ask GitHub with this token
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true, hide_default_value = true)]
    pub github_api_token: Option<String>,

    /// Do nothing: no crash reports are sent
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true, hide_default_value = true)]
    pub bugsnag_api_token: Option<String>,
}
