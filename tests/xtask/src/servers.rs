//! `cargo xtask servers`: one server of the lab in the foreground, to try things by hand.

use std::process::ExitCode;

use anyhow::Context;
use heliograph_lab::{Options, Server, ServerTree, workspace};

use crate::setup;

/// What to run.
#[derive(clap::Args)]
pub struct Arguments {
    /// prosody13, prosody012, ejabberd, or `installed` for the system's own Prosody.
    #[arg(default_value = "prosody13")]
    server: String,
    /// The accounts that it has.
    #[arg(long, value_delimiter = ',', default_value = "ana,ben,chloe")]
    accounts: Vec<String>,
}

/// Runs until interrupted. The data is new each time.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let tree = match arguments.server.as_str() {
        "installed" => ServerTree::installed()?,
        name => setup::server(name)?,
    };
    let folder = workspace::target().join("server").join(&tree.name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("removing the data of the run before")?;
    }
    let names: Vec<&str> = arguments.accounts.iter().map(String::as_str).collect();
    let server = Server::start(&tree, &folder, Options::with_accounts(&names)).await?;
    println!("{} serves {} until Ctrl-C.", tree.name, server.domain());
    println!("  direct TLS   {}", server.direct_tls_address());
    println!("  STARTTLS     {}", server.starttls_address());
    println!("  authority    {}", server.authority_file().display());
    for account in server.accounts() {
        println!("  account      {}   password {}", server.address_of(&account.name), account.password);
    }
    println!("Sign in with:");
    println!(
        "  cargo run -p heliograph -- --data target/ana account add {} --server {} --tls direct --ca {}",
        server.address_of(names.first().unwrap_or(&"ana")),
        server.direct_tls_address(),
        server.authority_file().display(),
    );
    std::future::pending().await
}
