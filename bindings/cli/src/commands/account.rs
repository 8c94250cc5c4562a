//! `account add` and `account show`.

use heliograph_client::{AccountConfig, Client, ServerOverride, TlsMode};
use serde_json::json;

use crate::arguments::{AccountCommand, AddAccount, Tls};
use crate::commands::Setting;
use crate::failure::Failure;
use crate::harmless;
use crate::one_shot::{self, OneShot};
use crate::password;
use crate::progress::Progress;

/// Runs an account command.
pub async fn run(setting: &Setting, command: AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::Add(account) => add(setting, account).await,
        AccountCommand::Show => show(setting).await,
    }
}

async fn add(setting: &Setting, account: AddAccount) -> Result<(), Failure> {
    if setting.folder.has_account() {
        return Err(Failure::AccountExists);
    }
    let extra_ca_pem = account
        .ca
        .map(std::fs::read_to_string)
        .transpose()
        .map_err(|source| Failure::File { what: "The file of certificate authorities", source })?;
    let password = password::read(account.password_stdin)?;
    let tls = match account.tls {
        Tls::Direct => TlsMode::Direct,
        Tls::Starttls => TlsMode::StartTls,
    };
    let address = account.address;
    let config = AccountConfig {
        address: address.clone(),
        password,
        server: account.server.map(|(host, port)| ServerOverride { host, port, tls }),
        extra_ca_pem,
        allow_plain: account.allow_plain,
        pins: account.pins,
        web_socket: account.websocket,
    };
    let location = setting.folder.prepare()?;
    let progress = Progress::new(setting.json);
    progress.say("signing in");
    let signed_in = tokio::select! {
        result = tokio::time::timeout(setting.deadline, Client::add_account(&location, config)) => match result {
            Ok(result) => result.map_err(Failure::from),
            Err(_) => Err(Failure::TimedOut {
                waiting_for: "the server did not let us in yet",
                seconds: setting.deadline.as_secs(),
                kept: false,
            }),
        },
        () = crate::input::interrupted() => Err(Failure::Interrupted),
    };
    drop(progress);
    if let Err(failure) = signed_in {
        setting.folder.abandon();
        return Err(failure);
    }
    first_connection(setting).await?;
    let address = address.to_string();
    let shown = harmless::line(&address);
    let folder = harmless::line(&setting.folder.path().to_string_lossy());
    setting.done(
        &format!("{shown} is ready. Its messages are kept encrypted in {folder}."),
        &json!({ "account": address }),
    )
}

/// Connects once, so that the account's keys are published and others can write to it encrypted from now on. The account
/// is there whether this works or not; the next connection makes it good.
async fn first_connection(setting: &Setting) -> Result<(), Failure> {
    let shot = OneShot::open(&setting.folder, setting.deadline, setting.json)?;
    shot.run(async |shot| {
        let work = shot.caught_up();
        let _ = shot.connected_until("publishing keys", true, work).await;
        Ok(())
    })
    .await
}

async fn show(setting: &Setting) -> Result<(), Failure> {
    let client = Client::open(setting.folder.account()?)?;
    let address = client.address().to_string();
    one_shot::close(client).await;
    setting.done(&harmless::line(&address), &json!({ "account": address }))
}
