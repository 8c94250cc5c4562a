//! How tables look on the terminal: one line below the head, none between the rows.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent};

/// What a log file of a build server shows without wrapping, in columns.
const WIDTH_WITHOUT_TERMINAL: u16 = 120;

/// An empty table with a head, as wide as the terminal at most.
pub fn new<Head: Into<String>>(head: impl IntoIterator<Item = Head>) -> Table {
    let mut table = Table::new();
    table
        .load_preset(UTF8_HORIZONTAL_ONLY)
        .remove_style(TableComponent::HorizontalLines)
        .remove_style(TableComponent::MiddleIntersections)
        .remove_style(TableComponent::LeftBorderIntersections)
        .remove_style(TableComponent::RightBorderIntersections)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head.into_iter().map(Into::into));
    if !console::user_attended() {
        table.set_width(WIDTH_WITHOUT_TERMINAL);
    }
    table
}

/// Numbers stand to the right: every column from this one on.
pub fn align_numbers(table: &mut Table, first: usize) {
    for column in table.column_iter_mut().skip(first) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
