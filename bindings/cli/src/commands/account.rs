//! `account add`, `account show`, `account password` and `account inspect`.

use heliograph_client::{
    AccountConfig, CertificateProblem, Client, ConnectionState, ServerCertificate, ServerOverride, Timestamp,
};
use serde_json::json;

use crate::arguments::{AccountCommand, AddAccount, Reach};
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
        AccountCommand::Password { password_stdin } => change_password(setting, password_stdin).await,
        AccountCommand::Inspect(reach) => inspect(setting, reach).await,
    }
}

async fn add(setting: &Setting, account: AddAccount) -> Result<(), Failure> {
    if setting.folder.has_account() {
        return Err(Failure::AccountExists);
    }
    let password = password::read(account.password_stdin)?;
    let mut config = configuration(account.reach)?;
    config.password = password;
    config.allow_plain = account.allow_plain;
    let address = config.address.clone();
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

/// How the server is reached, without what the sign-in takes.
fn configuration(reach: Reach) -> Result<AccountConfig, Failure> {
    let extra_ca_pem = reach
        .ca
        .map(std::fs::read_to_string)
        .transpose()
        .map_err(|source| Failure::File { what: "The file of certificate authorities", source })?;
    let mut config = AccountConfig::new(reach.address, "");
    config.server = reach.server.map(|server| match reach.tls {
        Some(tls) => ServerOverride { tls: tls.into(), ..server },
        None => server,
    });
    config.extra_ca_pem = extra_ca_pem;
    config.pins = reach.pins;
    config.trusted_key = reach.trusted_key;
    config.web_socket = reach.websocket;
    Ok(config)
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
    let (address, link) = (client.address().to_string(), client.contact_uri());
    one_shot::close(client).await;
    let sentence = format!("{} ({link})", harmless::line(&address));
    setting.done(&sentence, &json!({ "account": address, "link": link }))
}

/// Keeps the password and tries it. It stays if there is no connection to try it on.
async fn change_password(setting: &Setting, from_stdin: bool) -> Result<(), Failure> {
    let shot = OneShot::open(&setting.folder, setting.deadline, setting.json)?;
    let password = password::read(from_stdin)?;
    shot.run(async |shot| {
        let mut changes = shot.client().connection_changes();
        shot.client().set_password(password.as_str()).await?;
        let work = async {
            loop {
                let connection = changes.next().await.map_err(Failure::from)?;
                match (connection.state, connection.error) {
                    (ConnectionState::Online, _) => return Ok(()),
                    (ConnectionState::Stopped, Some(error)) => return Err(Failure::from(error)),
                    _ => {}
                }
            }
        };
        shot.connected_until("signing in", true, work).await
    })
    .await?;
    setting.done("The server takes the new password.", &json!({ "password": "changed" }))
}

async fn inspect(setting: &Setting, reach: Reach) -> Result<(), Failure> {
    let config = configuration(reach)?;
    let progress = Progress::new(setting.json);
    progress.say("looking at the server");
    let looked = tokio::select! {
        result = tokio::time::timeout(setting.deadline, Client::inspect_server(&config)) => match result {
            Ok(result) => result.map_err(Failure::from),
            Err(_) => Err(Failure::TimedOut {
                waiting_for: "the server did not show its certificate yet",
                seconds: setting.deadline.as_secs(),
                kept: false,
            }),
        },
        () = crate::input::interrupted() => Err(Failure::Interrupted),
    };
    drop(progress);
    let certificate = looked?;
    let fingerprint = certificate.fingerprint_text();
    let key = certificate.key.to_string();
    let fields = json!({
        "fingerprint": fingerprint,
        "key": key,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "not_before": certificate.not_before.0,
        "not_after": certificate.not_after.0,
        "trusted": certificate.problem.is_none(),
        "confirmable": certificate.is_confirmable(),
    });
    let lines = [
        format!("made out to  {}", harmless::line(&certificate.subject)),
        format!("by           {}", harmless::line(&certificate.issuer)),
        format!("valid        {} to {}", day(certificate.not_before), day(certificate.not_after)),
        format!("fingerprint  {fingerprint}"),
        format!("key          {key}"),
        verdict(&certificate).to_owned(),
    ];
    setting.done(&lines.join("\n"), &fields)
}

fn day(moment: Timestamp) -> String {
    chrono::DateTime::from_timestamp_millis(moment.0)
        .map_or_else(|| "?".to_owned(), |moment| moment.format("%Y-%m-%d").to_string())
}

fn verdict(certificate: &ServerCertificate) -> &'static str {
    match certificate.problem {
        None => "It is trusted.",
        Some(CertificateProblem::UnknownIssuer) => {
            "No authority that is trusted here vouches for it. If its operator confirms the key: account add --trusted-key KEY"
        }
        Some(CertificateProblem::Expired) => "It has expired, or the date of this device is wrong.",
        Some(CertificateProblem::NotValidYet) => "It is not valid yet, or the date of this device is wrong.",
        Some(CertificateProblem::OtherName) => "It is for another name than this account's server.",
        Some(CertificateProblem::OtherKey) => "Its key is none of the expected ones: do not sign in.",
        Some(CertificateProblem::Revoked) => "Its authority has taken it back: do not sign in.",
        Some(CertificateProblem::Malformed) => "It is malformed.",
    }
}
