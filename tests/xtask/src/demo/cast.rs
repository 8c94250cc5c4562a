//! The three phones and their wires.

use std::path::Path;

use heliograph_lab::policy::NETWORK;
use heliograph_lab::{LabError, Phone, PhoneConfig, Proxy, Server, Tls, workspace};

use super::narration::Narrator;
use super::script::{CAST, Who};

/// Somebody with a phone behind a wire.
pub struct Actor {
    /// Who.
    pub who: Who,
    /// The phone.
    pub phone: Phone,
    /// What it is connected through.
    pub wire: Proxy,
}

/// Everybody.
pub struct Cast {
    ana: Actor,
    ben: Actor,
    chloe: Actor,
}

impl Cast {
    /// Signs everybody in, all at the same time, and waits until all are connected.
    pub async fn assemble(server: &Server, folder: &Path, narrator: &Narrator) -> anyhow::Result<Self> {
        let (ana, ben, chloe) = tokio::try_join!(
            sign_in(Who::Ana, server, folder, narrator),
            sign_in(Who::Ben, server, folder, narrator),
            sign_in(Who::Chloe, server, folder, narrator),
        )?;
        Ok(Self { ana, ben, chloe })
    }

    /// One of them.
    pub fn actor(&self, who: Who) -> &Actor {
        match who {
            Who::Ana => &self.ana,
            Who::Ben => &self.ben,
            Who::Chloe => &self.chloe,
        }
    }

    /// One of them, to do something.
    pub fn actor_mut(&mut self, who: Who) -> &mut Actor {
        match who {
            Who::Ana => &mut self.ana,
            Who::Ben => &mut self.ben,
            Who::Chloe => &mut self.chloe,
        }
    }

    /// All of them, in the order of their columns.
    pub fn actors(&self) -> [&Actor; CAST.len()] {
        CAST.map(|who| self.actor(who))
    }

    /// Everybody closes the app.
    pub async fn leave(&mut self) -> Result<(), LabError> {
        for who in CAST {
            self.actor_mut(who).phone.quit().await?;
        }
        Ok(())
    }
}

async fn sign_in(who: Who, server: &Server, folder: &Path, narrator: &Narrator) -> Result<Actor, LabError> {
    let wire = Proxy::start(server.direct_tls_address()).await?;
    let account = server.accounts().iter().find(|account| account.name == who.name());
    let config = PhoneConfig {
        name: who.name().into(),
        binary: workspace::terminal_shell()?,
        data: folder.join(who.name()),
        address: server.address_of(who.name()),
        password: account.map(|account| account.password.clone()).unwrap_or_default(),
        server: wire.address().to_string(),
        tls: Tls::Direct,
        authority: Some(server.authority_file()),
        pins: Vec::new(),
        web_socket: None,
    };
    Phone::add_account(&config).await?;
    let phone = Phone::spawn(config)?;
    narrator.follow(who.name(), &phone);
    phone.until("the first sign-in", NETWORK, |view| view.is_online().then_some(())).await?;
    Ok(Actor { who, phone, wire })
}
