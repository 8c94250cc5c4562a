//! What the account cost the phone, day by day. What a situation is and how long days are kept is the engine's business.

use rusqlite::{Connection, Row, Transaction, params};

use crate::column::{self, signed};
use crate::error::StoreError;

/// What was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Time for which the account was open.
    pub milliseconds: u64,
    /// Bytes sent, TLS included.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// Connections opened.
    pub connects: u64,
    /// Round trips waited for.
    pub flights: u64,
    /// Timers that fired.
    pub wakes: u64,
}

impl Spent {
    /// Sent and received together.
    pub const fn bytes(&self) -> u64 {
        self.bytes_up.saturating_add(self.bytes_down)
    }

    /// Adds to each.
    pub fn add(&mut self, other: &Self) {
        let Self { milliseconds, bytes_up, bytes_down, connects, flights, wakes } = other;
        for (sum, more) in [
            (&mut self.milliseconds, milliseconds),
            (&mut self.bytes_up, bytes_up),
            (&mut self.bytes_down, bytes_down),
            (&mut self.connects, connects),
            (&mut self.flights, flights),
            (&mut self.wakes, wakes),
        ] {
            *sum = sum.saturating_add(*more);
        }
    }
}

/// Adds what was spent on a day in a situation.
pub fn add(tx: &Transaction<'_>, day: i64, situation: i64, spent: &Spent) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO usage (day, situation, milliseconds, bytes_up, bytes_down, connects, flights, wakes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET milliseconds = milliseconds + excluded.milliseconds,
             bytes_up = bytes_up + excluded.bytes_up, bytes_down = bytes_down + excluded.bytes_down,
             connects = connects + excluded.connects, flights = flights + excluded.flights,
             wakes = wakes + excluded.wakes",
    )?
    .execute(params![
        day,
        situation,
        signed(spent.milliseconds),
        signed(spent.bytes_up),
        signed(spent.bytes_down),
        signed(spent.connects),
        signed(spent.flights),
        signed(spent.wakes),
    ])?;
    Ok(())
}

/// Forgets the days before this one.
pub fn forget_before(tx: &Transaction<'_>, day: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM usage WHERE day < ?1")?.execute([day])?;
    Ok(())
}

/// What was spent in each situation from this day on.
pub fn since(connection: &Connection, day: i64) -> Result<Vec<(i64, Spent)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT situation, sum(milliseconds), sum(bytes_up), sum(bytes_down), sum(connects), sum(flights), sum(wakes)
         FROM usage WHERE day >= ?1 GROUP BY situation ORDER BY situation",
    )?;
    let read = |row: &Row<'_>| {
        let spent = Spent {
            milliseconds: column::unsigned(row, 1)?,
            bytes_up: column::unsigned(row, 2)?,
            bytes_down: column::unsigned(row, 3)?,
            connects: column::unsigned(row, 4)?,
            flights: column::unsigned(row, 5)?,
            wakes: column::unsigned(row, 6)?,
        };
        Ok((row.get(0)?, spent))
    };
    let rows = statement.query_map([day], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The first day of which something is known.
pub fn first_day(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT min(day) FROM usage")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Home, write};

    #[test]
    fn days_add_up_and_old_ones_are_forgotten() {
        let home = Home::new();
        let mut store = home.open();
        write(&mut store, |tx| {
            assert_eq!(first_day(tx).unwrap(), None);
            let spent = |number: u64| Spent {
                milliseconds: number,
                bytes_up: 2 * number,
                bytes_down: 3 * number,
                connects: 4 * number,
                flights: 5 * number,
                wakes: 6 * number,
            };
            for (day, situation, number) in [(10, 0, 1), (10, 0, 10), (10, 3, 100), (11, 0, 1000)] {
                add(tx, day, situation, &spent(number)).unwrap();
            }
            assert_eq!(since(tx, 10).unwrap(), [(0, spent(1011)), (3, spent(100))]);
            assert_eq!(since(tx, 11).unwrap(), [(0, spent(1000))]);
            forget_before(tx, 11).unwrap();
            assert_eq!((since(tx, 0).unwrap(), first_day(tx).unwrap()), (vec![(0, spent(1000))], Some(11)));
        });
    }
}
