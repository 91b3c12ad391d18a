//! What an option's value looks like, and what is said where it does not.

mod check;
mod net;
mod typed;

/// A version of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// One entry of a list or a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// Any text.
    Text,
    /// `KEY=VALUE`.
    Pair,
    /// An IP address.
    Address,
    /// A domain, such as `example.org`.
    Domain,
    /// `http://` or `https://` and a host.
    Url,
    /// `HOST`, `HOST:PORT` or a network.
    Registry,
    /// An absolute path.
    Path,
    /// true or false.
    Switch,
}

/// What an option's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// true or false.
    Switch,
    /// A whole number.
    Number {
        /// The smallest one.
        least: i64,
        /// The largest one.
        most: i64,
    },
    /// A text in one line.
    Text,
    /// One of these.
    Choice(&'static [&'static str]),
    /// An absolute path.
    Path,
    /// Bytes: `64M`, `1g`.
    Size,
    /// A network without host bits: `10.9.0.0/24`.
    Network(Family),
    /// An address with the length of its network: `10.9.0.1/24`.
    Interface(Family),
    /// An IP address; `None` is of either version.
    Address(Option<Family>),
    /// `ADDRESS:PORT` to listen on.
    Endpoint,
    /// A list.
    List(Item),
    /// Names with values.
    Map(Item),
    /// Networks to cut others from: `base=10.10.0.0/16,size=24`.
    Pools,
    /// `NAME=SOFT[:HARD]`.
    Ulimits,
    /// `NAME=PATH`, or an object.
    Runtimes,
    /// `DRIVER=OPTION=VALUE`.
    NetworkOptions,
    /// `http-proxy=URL`, `https-proxy=URL`, `no-proxy=HOSTS`.
    Proxies,
    /// A JSON object that only the engine looks into.
    Object,
}

/// A value of another form than it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What it must be, with an example.
    pub expected: String,
    /// What is probably meant.
    pub meant: Option<String>,
}

impl Mistake {
    fn expected(expected: impl Into<String>) -> Self {
        Self { expected: expected.into(), meant: None }
    }

    fn meaning(self, meant: impl Into<String>) -> Self {
        Self { meant: Some(meant.into()), ..self }
    }

    /// What is wrong with this value, and what is probably meant.
    pub(super) fn in_words(&self, found: &str) -> String {
        if found == r#""""# {
            return format!("needs a value, {}", self.expected);
        }
        let meant = self.meant.as_ref().map(|meant| format!(" (did you mean {meant}?)"));
        format!("must be {}, not {found}{}", self.expected, meant.unwrap_or_default())
    }
}

impl Form {
    /// What it must be, with an example.
    pub fn in_words(self) -> String {
        match self {
            Self::Switch => "true or false".to_owned(),
            Self::Number { least, most: i64::MAX } => format!("a number from {least} on"),
            Self::Number { least, most } => format!("a number from {least} to {most}"),
            Self::Text => "a text in one line".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Path => "an absolute path".to_owned(),
            Self::Size => "a size such as 64M".to_owned(),
            Self::Network(Family::V4) => "a network such as 10.9.0.0/24".to_owned(),
            Self::Network(Family::V6) => "an IPv6 network such as fd00:9::/64".to_owned(),
            Self::Interface(Family::V4) => {
                "an address with its network's length such as 10.9.0.1/24".to_owned()
            }
            Self::Interface(Family::V6) => {
                "an IPv6 address with its network's length such as fd00:9::1/64".to_owned()
            }
            Self::Address(Some(Family::V4)) => "an IPv4 address such as 10.0.0.2".to_owned(),
            Self::Address(Some(Family::V6)) => "an IPv6 address such as fd00::2".to_owned(),
            Self::Address(None) => "an IP address such as 10.0.0.2".to_owned(),
            Self::Endpoint => "an address and a port such as 127.0.0.1:9323".to_owned(),
            Self::List(item) => format!("a list of {}", item.in_words()),
            Self::Map(item) => format!("names with {}", item.in_words()),
            Self::Pools => "networks to cut others from such as base=10.10.0.0/16,size=24".to_owned(),
            Self::Ulimits => "limits such as nofile=64000:64000".to_owned(),
            Self::Runtimes => "runtimes such as crun=/usr/bin/crun".to_owned(),
            Self::NetworkOptions => {
                "options of network drivers such as bridge=com.docker.network.driver.mtu=1400".to_owned()
            }
            Self::Proxies => "proxies such as http-proxy=http://proxy:3128".to_owned(),
            Self::Object => "a JSON object".to_owned(),
        }
    }

    /// Whether it may be given several times, each time with one more value.
    pub fn is_many(self) -> bool {
        match self {
            Self::List(_)
            | Self::Map(_)
            | Self::Pools
            | Self::Ulimits
            | Self::Runtimes
            | Self::NetworkOptions
            | Self::Proxies => true,
            Self::Switch
            | Self::Number { .. }
            | Self::Text
            | Self::Choice(_)
            | Self::Path
            | Self::Size
            | Self::Network(_)
            | Self::Interface(_)
            | Self::Address(_)
            | Self::Endpoint
            | Self::Object => false,
        }
    }

    fn wrong(self) -> Mistake {
        Mistake::expected(self.in_words())
    }
}

impl Item {
    /// Several of it.
    fn in_words(self) -> &'static str {
        match self {
            Self::Text => "texts",
            Self::Pair => "KEY=VALUE",
            Self::Address => "IP addresses such as 10.0.0.2",
            Self::Domain => "domains such as example.org",
            Self::Url => "URLs such as https://mirror.example.org",
            Self::Registry => "registries such as registry.example.org:5000 or 10.9.0.0/24",
            Self::Path => "absolute paths",
            Self::Switch => "true or false",
        }
    }

    /// Whether several stand in one word, separated by commas: where none of them can hold one.
    fn is_split(self) -> bool {
        match self {
            Self::Address | Self::Domain | Self::Registry | Self::Path => true,
            Self::Text | Self::Pair | Self::Url | Self::Switch => false,
        }
    }
}
