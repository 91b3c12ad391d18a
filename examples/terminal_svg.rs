//! Turns what a terminal shows (ANSI escapes on stdin) into an SVG on stdout: README's pictures are made with it.

use std::io::{Read, Write};

fn main() -> std::io::Result<()> {
    let mut screen = String::new();
    std::io::stdin().read_to_string(&mut screen)?;
    let svg = anstyle_svg::Term::new().min_width_px(720).render_svg(screen.trim_end());
    std::io::stdout().write_all(svg.as_bytes())
}
