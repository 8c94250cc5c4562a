//! Counting, and saying whether all is well.

use console::style;
use heliograph_lab::Traffic;
use heliograph_lab::phone::{Message, View};
use heliograph_model::{DeliveryState, Security};

use super::cast::Cast;
use super::script::{CAST, Line, Who, lines};
use super::search::Search;
use super::timelines::Timelines;
use crate::table;

/// One phone in numbers.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: &'static str,
    /// Messages of the script that this phone sent.
    sent: usize,
    /// Of these, the ones that reached everybody.
    delivered: usize,
    /// Messages of others that it shows.
    received: usize,
    /// How often a message appears once more than it should, in the timeline or as news.
    twice: usize,
    /// Messages of the script that it doesn't show.
    lost: usize,
    /// Messages that it shows but that are not encrypted.
    plain: usize,
    traffic: Traffic,
}

/// All phones in numbers.
pub struct Count(Vec<Row>);

/// Counts every line of the script on every phone.
pub fn count(cast: &Cast, timelines: &Timelines) -> Count {
    let rows = cast.actors().map(|actor| {
        count_one(actor.who, timelines.of(actor.who), &actor.phone.view(), actor.wire.traffic())
    });
    Count(rows.into())
}

fn count_one(who: Who, timeline: &[Message], view: &View, traffic: Traffic) -> Row {
    let shown = |line: &Line| timeline.iter().filter(|message| message.text == line.text).count();
    let own = |line: &Line| line.who == who;
    // A message may stand in the timeline once and still have been announced twice, as by two notifications.
    let announced_again =
        view.announced.values().map(|times| times.saturating_sub(1) as usize).sum::<usize>();
    let reached = |line: &Line| {
        timeline.iter().any(|message| {
            message.text == line.text
                && matches!(message.state, DeliveryState::Delivered | DeliveryState::Displayed)
        })
    };
    Row {
        name: who.name(),
        sent: lines().filter(own).count(),
        delivered: lines().filter(own).filter(reached).count(),
        received: lines().filter(|line| !own(line) && shown(line) > 0).count(),
        twice: lines().map(|line| shown(&line).saturating_sub(1)).sum::<usize>() + announced_again,
        lost: lines().filter(|line| shown(line) == 0).count(),
        plain: timeline.iter().filter(|message| message.security == Security::Plain).count(),
        traffic,
    }
}

impl Count {
    /// The table.
    pub fn print(&self) {
        let mut table = table::new([
            "phone",
            "sent",
            "delivered",
            "received",
            "shown twice",
            "lost",
            "bytes up",
            "bytes down",
            "round trips",
            "connections",
        ]);
        for row in &self.0 {
            let numbers = [row.sent, row.delivered, row.received, row.twice, row.lost];
            let Traffic { bytes_up, bytes_down, flights, accepted } = row.traffic;
            let traffic = [bytes_up, bytes_down, flights, accepted];
            let cells = numbers
                .map(|number| number.to_string())
                .into_iter()
                .chain(traffic.map(|number| number.to_string()));
            table.add_row(std::iter::once(row.name.to_owned()).chain(cells));
        }
        table::align_numbers(&mut table, 1);
        println!("\n{}\n{table}", style("What it came to").bold().underlined());
        println!(
            "Bytes and round trips are counted on each phone's wire, from its first sign-in on, TLS included."
        );
    }

    /// What is not as it should be, a sentence each.
    fn complaints(&self) -> Vec<String> {
        let complain = |row: &Row| {
            let name = row.name;
            // Phones that agree without a word over their wires agree by some other way, and prove nothing.
            let silent = row.traffic.bytes_up.min(row.traffic.bytes_down) == 0;
            [
                (row.lost, "lost"),
                (row.twice, "shown twice"),
                (row.plain, "not encrypted"),
                (row.sent - row.delivered, "not delivered to everybody"),
                (usize::from(silent), "wire that carried nothing"),
            ]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| format!("{name}: {number} {what}"))
            .collect::<Vec<_>>()
        };
        self.0.iter().flat_map(complain).collect()
    }
}

/// Says how it went; whether all is well.
pub fn pronounce(count: &Count, search: &Search) -> bool {
    let mut complaints = count.complaints();
    complaints.extend(search.complaints());
    println!();
    if complaints.is_empty() {
        let (messages, phones) = (lines().count(), CAST.len());
        let text = format!(
            "{messages} messages on {phones} phones: each shown exactly once on each, none lost, none found in plain text."
        );
        println!("{}", style(text).green().bold());
    } else {
        println!("{} {}", style("Not as it should be:").red().bold(), complaints.join("; "));
    }
    complaints.is_empty()
}

#[cfg(test)]
mod tests {
    use heliograph_lab::Traffic;
    use heliograph_lab::phone::{Message, View};
    use heliograph_model::{DeliveryState, Security};

    use super::super::script::{Who, lines};
    use super::{Count, count_one};

    /// The script as Ana's phone shows it if all went well.
    fn timeline() -> Vec<Message> {
        lines()
            .zip(1..)
            .map(|(line, row)| Message {
                row,
                conversation: 1,
                id: format!("m{row}"),
                sender: format!("{}@lab.test", line.who.name()),
                outgoing: line.who == Who::Ana,
                text: line.text.into(),
                security: Security::Encrypted,
                state: DeliveryState::Delivered,
                error: None,
                sent_at: row,
                new: false,
            })
            .collect()
    }

    fn complaints(timeline: &[Message], view: &View) -> Vec<String> {
        let traffic = Traffic { bytes_up: 1, bytes_down: 1, flights: 1, accepted: 1 };
        Count(vec![count_one(Who::Ana, timeline, view, traffic)]).complaints()
    }

    #[test]
    fn a_whole_timeline_has_nothing_to_complain_of() {
        let none: [String; 0] = [];
        assert_eq!(complaints(&timeline(), &View::default()), none);
    }

    #[test]
    fn what_is_lost_doubled_undelivered_or_plain_is_named() {
        let mut lost = timeline();
        lost.remove(1);
        assert_eq!(complaints(&lost, &View::default()), ["ana: 1 lost"]);

        let mut doubled = timeline();
        doubled.push(doubled[3].clone());
        assert_eq!(complaints(&doubled, &View::default()), ["ana: 1 shown twice"]);

        let mut twice_announced = View::default();
        twice_announced.announced.insert(2, 2);
        assert_eq!(complaints(&timeline(), &twice_announced), ["ana: 1 shown twice"]);

        let mut stuck = timeline();
        stuck[0].state = DeliveryState::Failed;
        assert_eq!(complaints(&stuck, &View::default()), ["ana: 1 not delivered to everybody"]);

        let mut plain = timeline();
        plain[2].security = Security::Plain;
        assert_eq!(complaints(&plain, &View::default()), ["ana: 1 not encrypted"]);
    }

    #[test]
    fn phones_that_agree_without_their_wires_prove_nothing() {
        let row = count_one(Who::Ana, &timeline(), &View::default(), Traffic::default());
        assert_eq!(Count(vec![row]).complaints(), ["ana: 1 wire that carried nothing"]);
    }
}
