//! Who is in a group, as an app lists them.

use heliograph_model::{Address, ConversationId, Error};
use heliograph_store::member;

use crate::client::Client;

/// Somebody in a group.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// The account.
    pub address: Address,
    /// What to call them (see [`heliograph_model::name`]); two may share it.
    pub name: String,
    /// It is our account.
    pub own: bool,
}

impl std::fmt::Debug for Member {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Member").field("own", &self.own).finish_non_exhaustive()
    }
}

impl Client {
    /// The accounts in a group: ours first, then by their names in any case of letters, and by their addresses where two share
    /// one. Empty for chats and ordinary rooms.
    pub fn members(&self, group: ConversationId) -> Result<Vec<Member>, Error> {
        let addresses = self.shared.read(|database| member::members(database, group))?;
        Ok(in_order(addresses, self.address()))
    }
}

fn in_order(addresses: Vec<Address>, own: &Address) -> Vec<Member> {
    let member = |address: Address| Member { name: address.name(), own: address == *own, address };
    let mut members: Vec<Member> = addresses.into_iter().map(member).collect();
    members.sort_by_cached_key(|member| (!member.own, member.name.to_lowercase(), member.address.clone()));
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_comes_first_and_the_others_as_in_a_list_of_names() {
        let addresses = ["Émile@b.org", "zoe@a.org", "ben@b.org", "me@x.org", "ben@a.org", "chloe@z.org"];
        let addresses = addresses.map(|address| address.parse().unwrap()).to_vec();
        let members = in_order(addresses, &"me@x.org".parse().unwrap());
        let shown: Vec<_> = members.iter().map(|member| (member.address.to_string(), member.own)).collect();
        let others = ["ben@a.org", "ben@b.org", "chloe@z.org", "zoe@a.org", "émile@b.org"];
        let expected: Vec<_> = std::iter::once(("me@x.org".to_owned(), true))
            .chain(others.map(|address| (address.to_owned(), false)))
            .collect();
        assert_eq!(shown, expected);
        assert_eq!(members[1].name, "ben");
    }
}
