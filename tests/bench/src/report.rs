//! What is printed: tables with the aims beside the figures.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent};

use crate::measurement::Measurement;
use crate::ratio::{Aim, Ratio, median_of};

/// Columns where the output is no terminal.
const WIDTH_WITHOUT_TERMINAL: u16 = 140;

/// An empty table with a head.
pub fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(UTF8_HORIZONTAL_ONLY)
        .remove_style(TableComponent::HorizontalLines)
        .remove_style(TableComponent::MiddleIntersections)
        .remove_style(TableComponent::LeftBorderIntersections)
        .remove_style(TableComponent::RightBorderIntersections)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head);
    if !table.is_tty() {
        table.set_width(WIDTH_WITHOUT_TERMINAL);
    }
    table
}

/// Prints the table with numbers to the right from column `first_number` on.
pub fn print(mut table: Table, first_number: usize) {
    for column in table.column_iter_mut().skip(first_number) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}\n");
}

/// What became of an aim; nothing where there is none.
pub fn verdict(aim: Option<Aim>, ratio: &Ratio) -> [String; 2] {
    match aim {
        None => ["–".to_owned(), String::new()],
        Some(aim) => [aim.to_string(), if aim.met(ratio) { "met" } else { "missed" }.to_owned()],
    }
}

/// The cells of one side's runs: messages per second, share of parsing, bytes written per message, peak memory.
pub fn side(name: &str, runs: &[Measurement]) -> Vec<String> {
    let median = |value: fn(&Measurement) -> Option<f64>| median_of(runs.iter().filter_map(value));
    let shown = |number: Option<f64>, unit: &str| {
        number.map_or_else(|| "not counted here".to_owned(), |number| format!("{number:.0}{unit}"))
    };
    vec![
        name.to_owned(),
        shown(median(|run| Some(run.messages as f64 / run.seconds)), ""),
        shown(median(|run| Some(run.seconds * 1e6 / run.messages as f64)), " µs"),
        shown(median(|run| Some(run.parsing * 100.0 / run.seconds)), " %"),
        shown(median(|run| Some(run.written? as f64 / run.messages as f64)), " B"),
        median(|run| Some(run.peak? as f64 / 1e6))
            .map_or_else(|| "not counted here".to_owned(), |megabytes| format!("{megabytes:.1} MB")),
    ]
}
