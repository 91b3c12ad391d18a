//! Columns of text, padded as Go's tabwriter does with docker-machine's numbers, because scripts cut such tables by position.

/// Spaces between columns.
const PADDING: usize = 3;
/// The narrowest column, padding included.
const NARROWEST: usize = 5;

/// The rows with every cell but the last padded to its column.
pub fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let widest = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        (widest + PADDING).max(NARROWEST)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (cell, width) in row.iter().zip(&widths).take(N - 1) {
            text.extend([cell.as_str(), &" ".repeat(width - cell.chars().count())]);
        }
        text.push_str(&row[N - 1]);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_last_cell_leaves_trailing_spaces_and_narrow_columns_are_five_wide() {
        let rows = [["NAME", "X", "ERRORS"], ["n1", "-", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&rows), "NAME   X    ERRORS\nn1     -    \n");
    }
}
