//! What Go itself makes of templates, and that no template does harm.

use std::{fs, path::Path, rc::Rc, time::Duration};

use serde::Deserialize;

use super::*;

/// What Go's text/template made of a template (tests/fixtures/templates/generate).
#[derive(Deserialize)]
struct Case {
    data: String,
    template: String,
    output: String,
    #[serde(default)]
    error: String,
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/templates").join(name);
    fs::read_to_string(path).unwrap()
}

fn document() -> Value {
    Value::from(&serde_json::from_str::<serde_json::Value>(&fixture("data.json")).unwrap())
}

fn state(number: i64, text: &str) -> Value {
    Value::Named(Rc::new(Named { type_name: "state.State", number, text: text.into(), methods: &[] }))
}

fn pointer(type_name: &'static str, fields: Vec<Field>) -> Value {
    Value::Struct(Rc::new(Struct { type_name, is_pointer: true, fields }))
}

fn none() -> Value {
    Value::texts(None)
}

fn swarm_options() -> Value {
    pointer(
        "swarm.Options",
        vec![
            Field::new("IsSwarm", true),
            Field::new("Address", ""),
            Field::new("Discovery", "token://x"),
            Field::new("Agent", false),
            Field::new("Master", true),
            Field::new("Host", "tcp://0.0.0.0:3376"),
            Field::new("Image", ""),
            Field::new("Strategy", ""),
            Field::new("Heartbeat", 0),
            Field::new("Overcommit", 0.0),
            Field::new("ArbitraryFlags", Value::texts(Some(&[]))),
            Field::new("ArbitraryJoinFlags", none()),
            Field::new("Env", none()),
            Field::new("IsExperimental", false),
        ],
    )
}

fn engine_options() -> Value {
    pointer(
        "engine.Options",
        vec![
            Field::new("ArbitraryFlags", none()),
            Field { name: "DNS", json: "Dns", value: none() },
            Field::new("GraphDir", ""),
            Field::new("Env", none()),
            Field::new("Ipv6", false),
            Field::new("InsecureRegistry", none()),
            Field::new("Labels", Value::texts(Some(&["env=test".to_owned()]))),
            Field::new("LogLevel", ""),
            Field::new("StorageDriver", ""),
            Field::new("SelinuxEnabled", false),
            Field { name: "TLSVerify", json: "TlsVerify", value: true.into() },
            Field::new("RegistryMirror", none()),
            Field::new("InstallURL", "https://get.docker.com"),
        ],
    )
}

/// A row of `ls` as the generator has it.
fn item(texts: [&str; 7], is_active: bool, state: Value, options: [Value; 2], took: Duration) -> Value {
    let [name, active, driver, url, swarm, error, version] = texts;
    let [swarm_options, engine_options] = options;
    Value::Struct(Rc::new(Struct {
        type_name: "commands.HostListItem",
        is_pointer: false,
        fields: vec![
            Field::new("Name", name),
            Field::new("Active", active),
            Field::new("ActiveHost", is_active),
            Field::new("ActiveSwarm", false),
            Field::new("DriverName", driver),
            Field::new("State", state),
            Field::new("URL", url),
            Field::new("SwarmOptions", swarm_options),
            Field::new("Swarm", swarm),
            Field::new("EngineOptions", engine_options),
            Field::new("Error", error),
            Field::new("DockerVersion", version),
            Field::new("ResponseTime", duration(took)),
        ],
    }))
}

fn headers() -> Value {
    let headers = [
        ("Name", "NAME"),
        ("Active", "ACTIVE"),
        ("ActiveHost", "ACTIVE_HOST"),
        ("ActiveSwarm", "ACTIVE_SWARM"),
        ("DriverName", "DRIVER"),
        ("State", "STATE"),
        ("URL", "URL"),
        ("SwarmOptions", "SWARM_OPTIONS"),
        ("Swarm", "SWARM"),
        ("EngineOptions", "ENGINE_OPTIONS"),
        ("Error", "ERRORS"),
        ("DockerVersion", "DOCKER"),
        ("ResponseTime", "RESPONSE"),
    ];
    let entries = headers.map(|(name, header)| (name.to_owned(), Value::from(header))).into();
    Value::Map(Map { element: Element::Text, entries: Rc::new(entries) })
}

fn data(name: &str) -> Value {
    match name {
        "item" => item(
            ["n1", "*", "none", "tcp://10.0.0.5:2376", "n1 (master)", "", "v20.10.24"],
            true,
            state(1, "Running"),
            [swarm_options(), engine_options()],
            Duration::from_millis(1234),
        ),
        "late" => item(
            ["n2", "", "none", "", "", "", ""],
            false,
            state(8, "Timeout"),
            [Value::NilPointer("swarm.Options"), Value::NilPointer("engine.Options")],
            Duration::from_secs(10),
        ),
        "headers" => headers(),
        _ => document(),
    }
}

/// Templates that were thought of, and some that dice made of the same words.
#[test]
fn templates_say_and_complain_as_go_does() {
    let lines = fixture("go.jsonl") + &fixture("go-dice.jsonl");
    let cases: Vec<Case> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() > 900, "the table is short: {}", cases.len());
    let mut wrong = Vec::new();
    for Case { data: name, template, output, error } in cases {
        let got = Template::parse(&template).and_then(|parsed| parsed.render(&data(&name)));
        let wanted = if error.is_empty() { Ok(output) } else { Err(error) };
        let got = got.map_err(|error| error.to_string());
        if got != wanted {
            wrong.push(format!("{name} {template:?}\n     go: {wanted:?}\n   ours: {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ from Go:\n{}", wrong.len(), wrong.join("\n"));
}

/// Ends it within a time that no honest template needs.
fn is_bounded(template: &str) -> Result<String, TemplateError> {
    let began = std::time::Instant::now();
    let ended = Template::parse(template).and_then(|parsed| parsed.render(&document()));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?} for {template:.80}", began.elapsed());
    ended
}

#[test]
fn templates_that_would_never_end_are_ended() {
    let twice = r#"{{define "x"}}{{if .}}{{template "x" (slice . 1)}}{{template "x" (slice . 1)}}{{end}}{{end}}{{template "x" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}"#;
    let doubling = format!("{{{{$s := `ab`}}}}{}", "{{$s = printf `%s%s` $s $s}}".repeat(60));
    let unprinted =
        format!("{}{{{{$x := printf `%1000000d` 1}}}}{}", "{{range $}}".repeat(5), "{{end}}".repeat(5));
    let wide = "{{printf `%1000000d` 1}}".repeat(40);
    let table = [
        (r#"{{define "x"}}{{template "x" .}}{{end}}{{template "x" .}}"#, "exceeded maximum template depth"),
        (twice, "it does more than 200000 things"),
        (&doubling, "its texts are longer than"),
        (&unprinted, "its texts are longer than"),
        (&wide, "it writes more than"),
    ];
    for (template, problem) in table {
        let error = is_bounded(template).expect_err("it must not end well").to_string();
        assert!(error.contains(problem), "{error}");
    }
}

/// Go 1.19 took the last two variables whatever they were called, and ran off the end of its list where there was one; later versions of
/// Go go by the name.
#[test]
fn a_range_assigns_to_variables_by_their_names() {
    let render = |template: &str| Template::parse(template).and_then(|parsed| parsed.render(&document()));
    let rows = [
        ("{{$i := 9}}{{$x := 9}}{{range $i, $x = .Driver.Tags}}{{end}}{{$i}}{{$x}}", "2c"),
        ("{{$x := 9}}{{$i := 9}}{{range $i, $x = .Driver.Tags}}{{end}}{{$i}}{{$x}}", "2c"),
        ("{{$x := 9}}{{range $x = .Driver.Tags}}{{$x}}{{end}}", "abc"),
        ("{{range $, $ = .Driver.Tags}}{{$}}{{end}}", "abc"),
    ];
    for (template, text) in rows {
        assert_eq!(render(template).unwrap(), text, "{template}");
    }
}

#[test]
fn templates_nested_deeper_than_anybody_writes_are_refused() {
    for (open, close) in
        [("{{if 1}}", "{{end}}"), ("{{if 0}}{{else if 1}}", ""), ("(", ")"), ("{{range .}}", "{{end}}")]
    {
        let (before, after) = if open == "(" { ("{{", "}}") } else { ("", "{{end}}") };
        for depth in [40, 101, 100_000] {
            let template = format!("{before}{}1{}{after}", open.repeat(depth), close.repeat(depth));
            let ended = is_bounded(&template);
            let is_refused =
                ended.is_err_and(|error| error.to_string().contains("nested more than 100 levels"));
            assert_eq!(is_refused, depth > 100, "{open} {depth}");
        }
    }
}

/// What templates are made of, whole and broken.
const PIECES: [&str; 65] = [
    "{{",
    "}}",
    "{{- ",
    " -}}",
    "{{end}}",
    "{{else}}",
    "{{else if ",
    "{{if ",
    "{{range ",
    "{{with ",
    "{{range $i, $x := ",
    "{{range $, $ = ",
    "{{define \"a\"}}",
    "{{template \"a\" ",
    "{{block \"a\" ",
    "{{break}}",
    "{{continue}}",
    "/*",
    "*/",
    "(",
    ")",
    "|",
    " ",
    "\n",
    ".",
    ".Name",
    ".Driver",
    ".Tags",
    ".Missing",
    ".X.Y",
    "$",
    "$x",
    ":=",
    "=",
    ",",
    "\"",
    "`",
    "'",
    "\\",
    "\\x",
    "é",
    "\u{1f600}",
    "\0",
    "0x",
    "1e999",
    "-9223372036854775808",
    "99999999999999999999",
    "1_0",
    "'a'",
    "nil",
    "true",
    "index ",
    "slice ",
    "printf ",
    "\"%*d %[3]v %999999d %.99x\" ",
    "len ",
    "eq ",
    "lt ",
    "and ",
    "or ",
    "json ",
    "html ",
    "js ",
    "urlquery ",
    "call ",
];

/// Pieces of templates in any order: most are none, and none may do worse than be refused.
#[test]
fn no_template_panics_or_hangs() {
    let mut dice = 0x2545_f491_4f6c_dd1d_u64;
    let mut throw = |sides: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        usize::try_from(dice % sides as u64).unwrap()
    };
    let mut understood = 0;
    for _ in 0..20_000 {
        let count = 1 + throw(12);
        let mut template: String = (0..count).map(|_| PIECES[throw(PIECES.len())]).collect();
        if throw(2) == 0 {
            template = format!("{{{{{template}}}}}");
        }
        understood += usize::from(is_bounded(&template).is_ok());
    }
    assert!(understood > 200, "the dice make no templates: {understood}");
}
