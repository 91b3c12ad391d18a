//! Messages, streams and exit codes, one recorded block per command line.

use super::{recorded, store};

/// A recorded command line.
struct Block {
    words: Vec<&'static str>,
    code: i32,
    out: String,
    err: String,
}

fn blocks() -> Vec<Block> {
    recorded!("messages.txt").split("\n\n").map(block).collect()
}

fn block(text: &'static str) -> Block {
    let mut block = Block { words: Vec::new(), code: 0, out: String::new(), err: String::new() };
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "$" => block.words = rest.split(' ').collect(),
            "exit" => block.code = rest.parse().unwrap(),
            "out" => block.out.extend([rest, "\n"]),
            "err" => block.err.extend([rest, "\n"]),
            other => panic!("{other:?} opens no line of a block"),
        }
    }
    block
}

#[test]
fn every_message_goes_to_its_stream_with_its_exit_code() {
    let blocks = blocks();
    assert!(blocks.len() > 40, "the record is short");
    for Block { words, code, out, err } in blocks {
        let ended = store().run(&words);
        assert_eq!(
            (ended.out, ended.err, ended.code),
            (out, err, code),
            "docker-machine {}",
            words.join(" ")
        );
    }
}
