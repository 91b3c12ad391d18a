//! Columns of text as Go's tabwriter makes them with docker-machine's numbers, because scripts cut such tables by position.
//!
//! A tab ends a cell. A column reaches over the lines, one below the other, that have a cell there, and is as wide as its widest; what
//! follows a line's last tab belongs to no column. <https://pkg.go.dev/text/tabwriter>

/// Spaces between columns.
const PADDING: usize = 3;
/// The narrowest column, padding included.
const NARROWEST: usize = 5;

/// The rows with every cell but the last padded to its column.
pub fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let lines: String = rows.iter().map(|row| row.join("\t") + "\n").collect();
    tabbed(&lines)
}

/// Lines whose cells end in tabs, with blanks in their place.
pub fn tabbed(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text.split('\n').map(|line| line.split('\t').collect()).collect();
    let mut writer = Writer { lines: &lines, widths: Vec::new(), out: String::new() };
    writer.block(0, lines.len());
    // The last line is what follows the last line end.
    writer.out.pop();
    writer.out
}

struct Writer<'a> {
    lines: &'a [Vec<&'a str>],
    /// The widths of the columns to the left.
    widths: Vec<usize>,
    out: String,
}

impl Writer<'_> {
    /// Lines that have all the columns to the left: those that have the next one, too, are blocks of their own.
    fn block(&mut self, from: usize, to: usize) {
        let column = self.widths.len();
        let has_column = |line: &Vec<&str>| line.len() > column + 1;
        let mut at = from;
        while at < to {
            let length = self.lines[at..to].iter().take_while(|line| has_column(line)).count();
            if length == 0 {
                self.line(at);
                at += 1;
                continue;
            }
            let cells = self.lines[at..at + length].iter().map(|line| line[column].chars().count());
            let width = cells.max().unwrap_or(0) + PADDING;
            self.widths.push(width.max(NARROWEST));
            self.block(at, at + length);
            self.widths.pop();
            at += length;
        }
    }

    fn line(&mut self, at: usize) {
        let cells = &self.lines[at];
        for (place, cell) in cells.iter().enumerate() {
            self.out.push_str(cell);
            if place + 1 < cells.len() {
                let width = self.widths.get(place).copied().unwrap_or(0);
                self.out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
            }
        }
        self.out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_last_cell_leaves_trailing_spaces_and_narrow_columns_are_five_wide() {
        let rows = [["NAME", "X", "ERRORS"], ["n1", "-", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&rows), "NAME   X    ERRORS\nn1     -    \n");
    }

    /// What Go's own text/tabwriter made of these (minwidth 5, tabwidth 1, padding 3, blanks).
    #[test]
    fn columns_are_gos() {
        let table: Vec<(String, String)> =
            serde_json::from_str(include_str!("../../tests/fixtures/templates/tabwriter.json")).unwrap();
        assert!(table.len() > 20);
        for (text, written) in table {
            assert_eq!(tabbed(&text), written, "{text:?}");
        }
    }
}
