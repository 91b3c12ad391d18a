//! What is said between docker-machine and its plugins, as types of gob: the frames of net/rpc, and the arguments of the methods.

use super::gob::Type;
use crate::driver::FlagKind;

/// What goes before every argument.
pub const REQUEST: Type =
    Type::Struct { name: "Request", fields: &[("ServiceMethod", Type::Text), ("Seq", Type::Uint)] };
/// No argument.
pub const NOTHING: Type = Type::Struct { name: "", fields: &[] };
/// The state, as JSON.
pub const STATE: Type = Type::Bytes;
/// The flags of `create` with their values.
pub const FLAGS: Type = Type::Interface(&[(FLAGS_NAME, RPC_FLAGS)]);
/// Under which name [`FLAGS`] holds them.
pub const FLAGS_NAME: &str = "*rpcdriver.RPCFlags";

const RPC_FLAGS: Type = Type::Struct { name: "RPCFlags", fields: &[("Values", VALUES)] };
const VALUES: Type =
    Type::Map { name: "map[string]interface {}", key: &Type::Text, elem: &Type::Interface(FLAG_VALUES) };
const FLAG_VALUES: &[(&str, Type)] = &[
    ("string", Type::Text),
    ("int", Type::Int),
    ("bool", Type::Bool),
    ("[]string", Type::Slice { name: "", elem: &Type::Text }),
];
/// Flags of `create` itself that docker-machine told its plugins, too.
pub const OF_CREATE: [(&str, FlagKind); 11] = [
    ("driver", FlagKind::Text),
    ("engine-install-url", FlagKind::Text),
    ("engine-storage-driver", FlagKind::Text),
    ("swarm", FlagKind::Bool),
    ("swarm-addr", FlagKind::Text),
    ("swarm-discovery", FlagKind::Text),
    ("swarm-experimental", FlagKind::Bool),
    ("swarm-host", FlagKind::Text),
    ("swarm-image", FlagKind::Text),
    ("swarm-master", FlagKind::Bool),
    ("swarm-strategy", FlagKind::Text),
];
/// The version of the protocol, the only one there ever was.
pub const VERSION: i64 = 1;
/// The names of the service: docker-machine's, and that of its versions before 0.5.1.
pub const SERVICES: [&str; 2] = ["RPCServerDriver", "RpcServerDriver"];
