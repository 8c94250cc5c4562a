//! The command line: what can be asked for, and nothing about how it is done.
//!
//! Passwords are never arguments: other users of a machine can read a command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use heliograph_client::{Address, Pin, ServerOverride, TlsMode};

use crate::failure::EXIT_CODES;

/// How long a one-shot command waits for the network by default, in seconds: long enough for a slow mobile link to
/// connect, catch up and send once.
const DEFAULT_TIMEOUT_SECONDS: u64 = 30;

/// How long `catch-up` may take by default, in seconds: what iOS grants a notification or a background refresh, with a
/// margin.
const DEFAULT_CATCH_UP_SECONDS: u64 = 25;

/// How many messages `history` shows by default: about one screen.
const DEFAULT_HISTORY: usize = 30;

/// How many hits `search` shows by default.
const DEFAULT_HITS: usize = 50;

/// Heliograph in a terminal: a messenger for any standard XMPP server, end-to-end encrypted between Heliographs.
#[derive(Debug, Parser)]
#[command(name = "heliograph", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Arguments {
    /// Where the account is kept, one folder per account [default: the system's folder for such data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Speak JSON: one object per line on the output, and in `chat` on the input too
    #[arg(long, global = true)]
    pub json: bool,

    /// How long a command waits for the network before it gives up
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = DEFAULT_TIMEOUT_SECONDS)]
    pub timeout: u64,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// The deadline of one-shot commands.
    pub const fn deadline(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// The things a user can ask for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add this device to an account, or show which account is here
    #[command(subcommand)]
    Account(AccountCommand),
    /// Talk: one conversation, or all of them
    Chat {
        /// An address, or a conversation's number or name; leave it out for all conversations
        contact: Option<String>,
    },
    /// Encrypted groups
    #[command(subcommand)]
    Group(GroupCommand),
    /// Ordinary rooms, not encrypted
    #[command(subcommand)]
    Room(RoomCommand),
    /// Send one message and wait until the server has it
    Send {
        /// An address, or a conversation's number or name
        to: String,
        /// The message
        text: String,
    },
    /// Show past messages; needs no network, unless older ones are wanted
    History {
        /// An address, or a conversation's number or name; leave it out to list the conversations
        conversation: Option<String>,
        /// At most this many messages, the newest
        #[arg(long, default_value_t = DEFAULT_HISTORY)]
        limit: usize,
        /// Fetch older messages from the server, as many as --limit says, and show those
        #[arg(long, requires = "conversation")]
        older: bool,
    },
    /// Find messages by their words; needs no network
    Search {
        /// The words; the last one may be unfinished
        text: String,
        /// Only in this conversation
        #[arg(long = "in", value_name = "CONVERSATION")]
        within: Option<String>,
        /// At most this many messages, newest first
        #[arg(long, default_value_t = DEFAULT_HITS)]
        limit: usize,
    },
    /// Being woken by the server while this device sleeps
    #[command(subcommand)]
    Push(PushCommand),
    /// Connect, fetch what waits, and be gone again, as a phone does after a push
    CatchUp {
        /// How long that may take, in seconds
        #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_CATCH_UP_SECONDS)]
        deadline: u64,
    },
    /// Show the account, its conversations and whether the server can be reached
    Status {
        /// Leave the network alone
        #[arg(long)]
        offline: bool,
    },
}

/// What can be done about the account.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Sign in once to check the account, then create its encrypted database
    Add(AddAccount),
    /// Show which account this is, and its link for a QR code
    Show,
    /// Sign in with another password from now on
    Password {
        /// Read the password from the first line of the input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
    },
    /// Look at the certificate of an account's server before anything is said to it, to compare its key with the operator's
    Inspect(Reach),
}

/// How to reach an account's server, and whom to believe.
#[derive(Debug, Args)]
pub struct Reach {
    /// The account, as in name@server
    pub address: Address,
    /// Connect to this host instead of what DNS says; its port is 5222 if none is given
    #[arg(long, value_name = "HOST[:PORT]", value_parser = parse_server)]
    pub server: Option<ServerOverride>,
    /// How --server encrypts [default: direct on 443 and 5223, starttls elsewhere]
    #[arg(long, value_enum, requires = "server")]
    pub tls: Option<Tls>,
    /// Trust the certificate authorities in this PEM file instead of the public ones
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Accept only this key of the server, besides a trusted certificate: the SHA-256 of its public key in Base64. May be
    /// given several times, for spare keys
    #[arg(long = "pin", value_name = "KEY")]
    pub pins: Vec<Pin>,
    /// Believe this key of the server although no authority vouches for it: what `account inspect` shows and the server's
    /// operator confirms
    #[arg(long, value_name = "KEY")]
    pub trusted_key: Option<Pin>,
    /// Where the server is for networks that pass only HTTPS, as in wss://server/path [default: its web server is asked]
    #[arg(long, value_name = "URL")]
    pub websocket: Option<String>,
}

/// An account to add.
#[derive(Debug, Args)]
pub struct AddAccount {
    /// Where and what.
    #[command(flatten)]
    pub reach: Reach,
    /// Read the password from the first line of the input instead of asking for it
    #[arg(long)]
    pub password_stdin: bool,
    /// Allow the PLAIN sign-in, which shows the password to the server, if it offers nothing better
    #[arg(long)]
    pub allow_plain: bool,
}

/// How the connection to a server named by hand is encrypted. Unencrypted is not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tls {
    /// TLS from the first byte (XEP-0368)
    Direct,
    /// STARTTLS (RFC 6120 §5)
    Starttls,
}

/// What can be done about encrypted groups.
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Create a group and invite its first members
    Create {
        /// The group's name
        name: String,
        /// Accounts to invite
        #[arg(required = true)]
        members: Vec<Address>,
    },
    /// Invite accounts into a group
    Invite {
        /// The group's number, name or room address
        group: String,
        /// Accounts to invite
        #[arg(required = true)]
        members: Vec<Address>,
    },
    /// Remove accounts from a group
    Remove {
        /// The group's number, name or room address
        group: String,
        /// Accounts to remove
        #[arg(required = true)]
        members: Vec<Address>,
    },
    /// Send one message to a group and wait until the archive has it
    Send {
        /// The group's number, name or room address
        group: String,
        /// The message
        text: String,
    },
}

/// What can be done about push.
#[derive(Debug, Subcommand)]
pub enum PushCommand {
    /// Have messages announced at an app server
    Enable {
        /// The push service, as in push.example.org
        service: Address,
        /// The node there that stands for this device
        node: String,
        /// Read what the server has to show there from the input, one NAME=VALUE per line
        #[arg(long)]
        options_stdin: bool,
    },
    /// Have messages announced nowhere
    Disable,
    /// Show how far it is; needs no network
    Status,
}

/// What can be done about ordinary rooms.
#[derive(Debug, Subcommand)]
pub enum RoomCommand {
    /// Join a room
    Join {
        /// The room, as in room@service
        room: Address,
        /// The name to be known by there [default: the part of your address before the @]
        #[arg(long)]
        nick: Option<String>,
    },
}

impl From<Tls> for TlsMode {
    fn from(tls: Tls) -> Self {
        match tls {
            Tls::Direct => Self::Direct,
            Tls::Starttls => Self::StartTls,
        }
    }
}

/// `host` or `host:port`, with IPv6 literals in brackets.
fn parse_server(text: &str) -> Result<ServerOverride, String> {
    ServerOverride::read(text, "").map_err(|error| error.detail)
}

#[cfg(test)]
mod tests {
    use heliograph_client::TlsMode;

    use super::{AccountCommand, Arguments, Command, GroupCommand, Tls, parse_server};
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_lab_can_add_an_account() {
        let line = "heliograph --data d --json account add ana@example.org --password-stdin --server localhost:5223 --tls direct --ca ca.pem \
                    --pin d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM= --websocket wss://localhost/ \
                    --trusted-key d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=";
        let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
        let Command::Account(AccountCommand::Add(add)) = arguments.command else {
            panic!("not an account add")
        };
        assert!(arguments.json && add.password_stdin);
        let reach = add.reach;
        assert_eq!(reach.tls, Some(Tls::Direct));
        assert_eq!(
            reach.server.map(|server| (server.host, server.port)),
            Some(("localhost".to_owned(), 5223))
        );
        assert_eq!((reach.pins.len(), reach.websocket.as_deref()), (1, Some("wss://localhost/")));
        assert!(reach.trusted_key.is_some());
    }

    #[test]
    fn global_options_may_stand_last_and_members_must_be_addresses() {
        let arguments =
            Arguments::try_parse_from(["heliograph", "group", "create", "crew", "ben@x.org", "--json"])
                .unwrap();
        assert!(arguments.json);
        assert!(matches!(arguments.command, Command::Group(GroupCommand::Create { .. })));
        assert!(Arguments::try_parse_from(["heliograph", "group", "create", "crew", "@"]).is_err());
        assert!(Arguments::try_parse_from(["heliograph", "group", "create", "crew"]).is_err());
    }

    #[test]
    fn servers_with_brackets_and_without_a_port() {
        let server = parse_server("[::1]:5223").unwrap();
        assert_eq!((server.host.as_str(), server.port, server.tls), ("::1", 5223, TlsMode::Direct));
        assert_eq!(parse_server("localhost").unwrap().port, 5222);
        assert!(parse_server(":5222").is_err());
        assert!(parse_server("localhost:99999").unwrap_err().contains("port"));
    }
}
