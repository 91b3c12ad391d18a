//! The logs of `-D`: our own at debug level, those of libraries only when they warn (they may hold what is secret).

use std::io;

use tracing::Level;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Sends logs to stderr from now on.
pub fn start(has_color: bool) {
    let ours = Targets::new().with_target("rmachine", Level::DEBUG).with_default(Level::WARN);
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(has_color).without_time().with_filter(ours);
    // Only a second call can fail, and the first one's logs are as good.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}
