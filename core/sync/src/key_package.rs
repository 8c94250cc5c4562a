//! Our own keys on the server: the device list and the key packages by which others invite us (mls-over-xmpp §6).

use heliograph_mls::{DeviceList, ListedDevice, NewKeyPackage, Provider, key_package};
use heliograph_model::stanza::{Node, Request, Response};
use heliograph_store::account;
use heliograph_store::key_package::{self as slots, KeyPackageSlot};

use crate::account::identity_key;
use crate::error::EngineError;
use crate::live::Purpose;
use crate::policy::{KEY_PACKAGE_GRACE, KEY_PACKAGE_SLOTS};
use crate::setup::item_name;
use crate::step::Step;

impl Step<'_> {
    /// Publishes what the server does not have yet: key packages first, so that nobody finds a device without any.
    pub(crate) fn publish_keys(&mut self) -> Result<(), EngineError> {
        self.delete_retired()?;
        for package in slots::list(self.tx)?.into_iter().filter(|package| !package.published) {
            self.publish_slot(&package);
        }
        if !account::load(self.tx)?.is_some_and(|account| account.devices_published) {
            let device = self.device()?;
            let identity = identity_key(self.account)?;
            let list = DeviceList {
                identity_key: identity.public(),
                serial: self.account.serial,
                devices: vec![ListedDevice {
                    id: self.account.device,
                    signature_key: device.signature_key(),
                    slots: (0..KEY_PACKAGE_SLOTS).collect(),
                }],
                revoked: Vec::new(),
            };
            let data = list.encode(&self.account.address, &identity).map_err(EngineError::mls)?;
            let request = Request::Publish { node: Node::Devices, item: "current".to_owned(), data };
            self.request(request, Purpose::PublishDevices);
        }
        Ok(())
    }

    fn publish_slot(&mut self, package: &KeyPackageSlot) {
        let request = Request::Publish {
            node: Node::KeyPackages,
            item: item_name(self.account.device, package.slot),
            data: package.data.clone(),
        };
        self.request(request, Purpose::PublishKeyPackage(package.slot));
    }

    pub(crate) fn published_devices(&mut self, response: &Response) -> Result<(), EngineError> {
        match response {
            Response::Error(error) if !error.wait => {
                self.facts.pep = false;
                Ok(account::set_facts(self.tx, &self.facts)?)
            }
            Response::Error(_) => Ok(()),
            _ => Ok(account::set_devices_published(self.tx, true)?),
        }
    }

    pub(crate) fn published_key_package(&mut self, slot: u8, response: &Response) -> Result<(), EngineError> {
        match response {
            Response::Error(_) => Ok(()),
            _ => Ok(slots::set_published(self.tx, slot)?),
        }
    }

    /// Somebody used one of our key packages: the slot gets a new one, and the old private key stays for a while for other
    /// invitations that picked the same.
    pub(crate) fn key_package_used(&mut self, reference: &[u8]) -> Result<(), EngineError> {
        let Some(slot) = slots::mark_used(self.tx, reference, self.now)? else { return Ok(()) };
        slots::retire(self.tx, slot, self.now.plus(KEY_PACKAGE_GRACE))?;
        let package = self.new_key_package(slot)?;
        if self.online() {
            self.publish_slot(&package);
        }
        Ok(())
    }

    fn new_key_package(&mut self, slot: u8) -> Result<KeyPackageSlot, EngineError> {
        let device = self.device()?;
        // A purpose of its own: several packages may be made in one input.
        let entropy = self.random.entropy();
        let NewKeyPackage { reference, data } =
            key_package::create(&Provider::new(&entropy, &self.storage), &device, self.now)
                .map_err(EngineError::mls)?;
        let package =
            KeyPackageSlot { slot, reference, data, created_at: self.now, published: false, used_at: None };
        slots::put(self.tx, &package)?;
        Ok(package)
    }

    fn delete_retired(&mut self) -> Result<(), EngineError> {
        let entropy = self.random.entropy();
        for reference in slots::due_for_deletion(self.tx, self.now)? {
            key_package::delete(&Provider::new(&entropy, &self.storage), &reference)
                .map_err(EngineError::mls)?;
            slots::forget(self.tx, &reference)?;
        }
        Ok(())
    }
}
