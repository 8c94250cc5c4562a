//! Real OpenMLS groups over the database.

mod phone;

use ciborium::Value;
use heliograph_model::{GroupId, Timestamp};
use openmls::prelude::{
    Ciphersuite, GroupId as MlsGroupId, KeyPackage, KeyPackageBundle, LeafNodeParameters, MlsGroup,
    MlsGroupJoinConfig, MlsMessageBodyIn, StagedWelcome,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_traits::storage::StorageProvider as _;
use rusqlite::Connection;

use self::phone::{Phone, Provider, decrypt, pair, parse, signer};
use super::label::Label;
use super::{MlsStorage, StorageError, codec, delete_group, drop_snapshots, past_epochs, snapshot};
use crate::store::Fault;
use crate::testing::{Home, write};
use crate::{StoreError, connection, migration};

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
const GROUP: GroupId = GroupId([9; 16]);
const NOW: Timestamp = Timestamp(1_000_000);

fn stored(connection: &Connection, namespace: i64, label: Label) -> Option<Vec<u8>> {
    let mut statement = connection
        .prepare("SELECT value FROM mls_value WHERE group_key = ?1 AND namespace = ?2 AND label = ?3")
        .unwrap();
    let mut rows = statement.query(rusqlite::params![GROUP.0, namespace, label.number()]).unwrap();
    rows.next().unwrap().map(|row| row.get(0).unwrap())
}

fn rows(connection: &Connection, condition: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM mls_value WHERE {condition}");
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_group_lives_in_the_database_between_all_steps() {
    let (mut ana, mut ben) = pair();
    let mut chloe = Phone::new("chloe");
    for round in 0..3 {
        let data = ana.encrypt(&format!("from ana {round}"));
        assert_eq!(ben.decrypt(&data), Ok(format!("from ana {round}")));
        let data = ben.encrypt(&format!("from ben {round}"));
        assert_eq!(ana.decrypt(&data), Ok(format!("from ben {round}")));
    }
    let (commit, welcome) = ana.add(&[chloe.key_package()]);
    ben.commit(&commit);
    chloe.join(&welcome);
    assert_eq!((ana.epoch(), ben.epoch(), chloe.epoch()), (2, 2, 2));
    let data = chloe.encrypt("hello all");
    assert_eq!(ana.decrypt(&data), Ok("hello all".to_owned()));
    assert_eq!(ben.decrypt(&data), Ok("hello all".to_owned()));
    // Our own commit, merged in a later transaction than it was made in.
    let commit = ben.self_update();
    ana.commit(&commit);
    chloe.commit(&commit);
    ben.merge_own();
    assert_eq!((ana.epoch(), ben.epoch(), chloe.epoch()), (3, 3, 3));
    let data = ben.encrypt("new keys");
    assert_eq!(ana.decrypt(&data), Ok("new keys".to_owned()));
    assert_eq!(chloe.decrypt(&data), Ok("new keys".to_owned()));
}

#[test]
fn after_a_rollback_the_same_ciphertext_decrypts_again_and_after_a_commit_it_is_refused() {
    let (mut ana, mut ben) = pair();
    let data = ana.encrypt("once");
    let result: Result<(), StoreError> = ben.store.write(|tx| {
        let provider = Provider::live(tx);
        assert_eq!(decrypt(&provider, &mut provider.group(), &data), Ok("once".to_owned()));
        Err(StoreError::Codec)
    });
    assert!(result.is_err());
    assert_eq!(ben.decrypt(&data), Ok("once".to_owned()));
    let refused = ben.decrypt(&data).unwrap_err();
    assert!(refused.contains("forward secrecy"), "{refused}");
}

#[test]
fn an_own_commit_that_lost_is_thrown_away_and_proposals_come_and_go() {
    let (mut ana, mut ben) = pair();
    let public = ben.public.clone();
    ben.self_update();
    write(&mut ben.store, |tx| {
        let provider = Provider::live(tx);
        assert!(provider.group().pending_commit().is_some());
        provider.group().clear_pending_commit(&provider.storage).unwrap();
    });
    write(&mut ben.store, |tx| {
        let provider = Provider::live(tx);
        let mut group = provider.group();
        assert!(group.pending_commit().is_none());
        let signer = signer(&provider, &public);
        let target = group.members().find(|member| member.signature_key != public).unwrap().index;
        let (_, kept) = group.propose_remove_member(&provider, &signer, target).unwrap();
        group.propose_self_update(&provider, &signer, LeafNodeParameters::default()).unwrap();
        let mut group = provider.group();
        assert_eq!(group.pending_proposals().count(), 2);
        let refs: Vec<openmls::prelude::hash_ref::ProposalRef> =
            provider.storage.queued_proposal_refs(group.group_id()).unwrap();
        assert_eq!(refs.first(), Some(&kept), "in the order in which they were made");
        group.remove_pending_proposal(&provider.storage, &kept).unwrap();
        assert_eq!(provider.group().pending_proposals().count(), 1);
        group.clear_pending_proposals(&provider.storage).unwrap();
        assert_eq!(provider.group().pending_proposals().count(), 0);
    });
    let commit = ana.self_update();
    ben.commit(&commit);
    ana.merge_own();
    let data = ana.encrypt("still here");
    assert_eq!(ben.decrypt(&data), Ok("still here".to_owned()));
    write(&mut ben.store, |tx| {
        assert_eq!(rows(tx, &format!("label = {}", Label::OwnLeafNodes.number())), 0);
    });
}

#[test]
fn a_late_message_of_a_past_epoch_decrypts_once_from_its_snapshot() {
    let (mut ana, mut ben) = pair();
    let late = ana.encrypt("late");
    let also_late = ana.encrypt("also late");
    // Ben has a commit of his own under way when Ana's comes first.
    ben.self_update();
    let commit = ana.self_update();
    ana.merge_own();
    write(&mut ben.store, |tx| {
        let provider = Provider::live(tx);
        snapshot(tx, &GROUP, 1, NOW).unwrap();
        provider.group().clear_pending_commit(&provider.storage).unwrap();
    });
    ben.store
        .write(|tx| {
            let state = stored(tx, 2, Label::GroupState).unwrap();
            assert_eq!(state, codec::operational_state().unwrap(), "no secrets of the next epoch");
            Ok::<_, StoreError>(())
        })
        .unwrap();
    ben.commit(&commit);
    assert_eq!(ben.epoch(), 2);

    assert!(ben.decrypt(&late).is_err(), "the present epoch has no keys for it");
    assert_eq!(ben.decrypt_past(1, &late), Some(Ok("late".to_owned())));
    let refused = ben.decrypt_past(1, &late).unwrap().unwrap_err();
    assert!(refused.contains("forward secrecy"), "{refused}");
    assert_eq!(ben.decrypt_past(1, &also_late), Some(Ok("also late".to_owned())));
    // The present is untouched by all that.
    assert_eq!(ben.epoch(), 2);
    let data = ana.encrypt("present");
    assert_eq!(ben.decrypt(&data), Ok("present".to_owned()));
    assert_eq!(ben.decrypt_past(7, &late), None);
}

/// All byte strings of a CBOR value that are long enough to be a secret.
fn secrets(encoded: &[u8]) -> Vec<Vec<u8>> {
    fn collect(value: &Value, found: &mut Vec<Vec<u8>>) {
        match value {
            Value::Bytes(bytes) if bytes.len() >= 16 => found.push(bytes.clone()),
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Map(entries) => entries.iter().for_each(|(_, value)| collect(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&codec::decode(encoded).unwrap(), &mut found);
    found
}

#[test]
fn a_snapshot_holds_nothing_from_which_later_secrets_follow() {
    let (mut ana, mut ben) = pair();
    let commit = ana.self_update();
    write(&mut ben.store, |tx| {
        snapshot(tx, &GROUP, 1, NOW).unwrap();
        for label in Label::BLANKED {
            let copy = secrets(&stored(tx, 2, label).unwrap());
            assert!(copy.iter().flatten().all(|byte| *byte == 0), "{label:?}");
        }
        assert!(
            secrets(&stored(tx, 0, Label::EpochSecrets).unwrap()).iter().flatten().any(|byte| *byte != 0)
        );
        for label in [Label::EpochKeyPairs, Label::OwnLeafNodes, Label::QueuedProposal] {
            assert!(stored(tx, 2, label).is_none(), "{label:?}");
        }
        // It can't follow the group: the private keys of the tree are not there.
        let provider = Provider::new(MlsStorage::past_epoch(tx, 1));
        let message = parse(&commit).try_into_protocol_message().unwrap();
        assert!(provider.group().process_message(&provider, message).is_err());
    });
}

#[test]
fn snapshots_go_by_number_and_by_age_and_with_the_group() {
    let (mut ana, mut ben) = pair();
    let mut late = Vec::new();
    for epoch in 1..=6_u64 {
        late.push(ana.encrypt("late"));
        let commit = ana.self_update();
        ana.merge_own();
        ben.commit(&commit);
        write(&mut ben.store, |tx| {
            tx.execute("UPDATE mls_snapshot SET taken_at = ?1 WHERE epoch = ?1", [epoch as i64]).unwrap();
        });
    }
    let mut epochs = |keep, older_than| {
        write(&mut ben.store, |tx| {
            drop_snapshots(tx, &GROUP, keep, Timestamp(older_than)).unwrap();
            let present = past_epochs(tx, &GROUP).unwrap();
            assert_eq!(rows(tx, "namespace > 0"), 10 * present.len() as i64, "rows of exactly these epochs");
            present
        })
    };
    assert_eq!(epochs(10, 0), [1, 2, 3, 4, 5, 6]);
    assert_eq!(epochs(5, 0), [2, 3, 4, 5, 6]);
    assert_eq!(epochs(5, 4), [4, 5, 6]);
    assert_eq!(ben.decrypt_past(3, &late[2]), None);
    assert_eq!(ben.decrypt_past(4, &late[3]), Some(Ok("late".to_owned())));
    write(&mut ben.store, |tx| {
        delete_group(tx, &GROUP).unwrap();
        assert_eq!(rows(tx, "group_key <> x''"), 0);
        assert!(past_epochs(tx, &GROUP).unwrap().is_empty());
        assert!(Provider::live(tx).load().is_none());
        let keys = rows(tx, &format!("label = {}", Label::SignatureKeyPair.number()));
        assert_eq!(keys, 1, "the device's own key stays");
    });
}

#[test]
fn a_snapshot_taken_again_replaces_the_first() {
    let (mut ana, mut ben) = pair();
    let first = ana.encrypt("first");
    write(&mut ben.store, |tx| snapshot(tx, &GROUP, 1, NOW).unwrap());
    // The commit turned out to be invalid; the epoch goes on, and its keys are used up.
    assert_eq!(ben.decrypt(&first), Ok("first".to_owned()));
    let commit = ana.self_update();
    ana.merge_own();
    ben.commit(&commit);
    assert!(ben.decrypt_past(1, &first).unwrap().is_err(), "used keys are not in the snapshot");
    // A group that is not there has nothing to keep.
    write(&mut ben.store, |tx| {
        let other = GroupId([1; 16]);
        snapshot(tx, &other, 1, NOW).unwrap();
        assert!(past_epochs(tx, &other).unwrap().is_empty());
    });
}

#[test]
fn writes_left_out_within_a_transaction_cost_nothing_but_the_last() {
    let (mut ana, mut ben) = pair();
    let batch: Vec<Vec<u8>> = (0..10).map(|number| ana.encrypt(&number.to_string())).collect();
    write(&mut ben.store, |tx| {
        let provider = Provider::live(tx);
        let mut group = provider.group();
        let before = stored(tx, 0, Label::MessageSecrets);
        for (number, data) in batch.iter().enumerate() {
            let last = number + 1 == batch.len();
            provider.storage.set_defer_message_secrets(!last);
            assert_eq!(provider.storage.defers_message_secrets(), !last);
            assert_eq!(decrypt(&provider, &mut group, data), Ok(number.to_string()));
            assert_eq!(stored(tx, 0, Label::MessageSecrets) == before, !last, "written after {number}");
        }
    });
    for data in &batch {
        assert!(ben.decrypt(data).is_err(), "used once, refused for good");
    }
    let next = ana.encrypt("next");
    assert_eq!(ben.decrypt(&next), Ok("next".to_owned()));
}

/// On an unencrypted copy of the database, where one can look: a secret that was overwritten or deleted is in no page.
#[test]
fn used_secrets_are_really_gone() {
    let (mut ana, _) = pair();
    let home = Home::new();
    let mut plain = Connection::open(home.path()).unwrap();
    connection::settings(&plain).unwrap();
    migration::migrate(&mut plain).unwrap();
    let mut phone = Phone::new("chloe");
    let keys = {
        let public = phone.public.clone();
        write(&mut phone.store, |tx| {
            SignatureKeyPair::read(&MlsStorage::live(tx), &public, SUITE.signature_algorithm())
        })
    };
    let public = phone.public.clone();
    let tx = plain.transaction().unwrap();
    let provider = Provider::live(&tx);
    keys.unwrap().store(&provider.storage).unwrap();
    let bundle: KeyPackageBundle = KeyPackage::builder()
        .build(SUITE, &provider, &signer(&provider, &public), phone.credential())
        .unwrap();
    let (_, welcome) = ana.add(&[bundle.key_package().clone()]);
    let MlsMessageBodyIn::Welcome(welcome) = parse(&welcome).extract() else { panic!("no Welcome") };
    let config = MlsGroupJoinConfig::builder().use_ratchet_tree_extension(true).max_past_epochs(0).build();
    StagedWelcome::new_from_welcome(&provider, &config, welcome, None)
        .unwrap()
        .into_group(&provider)
        .unwrap();
    tx.commit().unwrap();

    let file = |plain: &Connection| {
        plain.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        std::fs::read(home.path()).unwrap()
    };
    let present = |file: &[u8], secret: &[u8]| file.windows(secret.len()).any(|window| window == secret);
    let mut used: Vec<Vec<u8>> = Vec::new();
    for round in 0..5 {
        let before = secrets(&stored(&plain, 0, Label::MessageSecrets).unwrap());
        assert!(before.iter().all(|secret| present(&file(&plain), secret)), "one can look");
        let data = ana.encrypt("x");
        let tx = plain.transaction().unwrap();
        let provider = Provider::live(&tx);
        decrypt(&provider, &mut provider.group(), &data).unwrap();
        if round == 2 {
            snapshot(&tx, &GROUP, 2, NOW).unwrap();
        }
        if round == 3 {
            drop_snapshots(&tx, &GROUP, 0, NOW).unwrap();
        }
        tx.commit().unwrap();
        if round != 2 {
            let after = secrets(&stored(&plain, 0, Label::MessageSecrets).unwrap());
            used.extend(before.into_iter().filter(|secret| !after.contains(secret)));
            assert!(!used.is_empty());
            let file = file(&plain);
            assert!(!used.iter().any(|secret| present(&file, secret)), "round {round}");
        }
    }
    let tx = plain.transaction().unwrap();
    let last = secrets(&stored(&tx, 0, Label::MessageSecrets).unwrap());
    let epoch = secrets(&stored(&tx, 0, Label::EpochSecrets).unwrap());
    delete_group(&tx, &GROUP).unwrap();
    tx.commit().unwrap();
    let file = file(&plain);
    assert!(
        !used.iter().chain(&last).chain(&epoch).any(|secret| present(&file, secret)),
        "after deleting the group"
    );
}

#[test]
fn a_full_disk_is_remembered_whatever_openmls_makes_of_it() {
    let (mut ana, mut ben) = pair();
    let data = ana.encrypt("x");
    ben.store.set_fault(Some(Fault::DiskFull { pages: 1 })).unwrap();
    let result: Result<(), StoreError> = ben.store.write(|tx| {
        tx.execute("INSERT INTO peer (address, devices) VALUES ('filler', zeroblob(3000))", []).unwrap();
        let provider = Provider::live(tx);
        let mut group = provider.group();
        assert!(provider.storage.take_failure().is_none());
        let public = SignatureKeyPair::new(SUITE.signature_algorithm()).unwrap();
        for _ in 0..20 {
            if public.store(&provider.storage).is_err() {
                break;
            }
            snapshot(tx, &GROUP, 1, NOW)?;
        }
        let _ = decrypt(&provider, &mut group, &data);
        Err(provider.storage.take_failure().unwrap_or(StoreError::Codec))
    });
    assert!(matches!(result, Err(StoreError::DiskFull)), "{result:?}");
    ben.store.set_fault(None).unwrap();
    assert_eq!(ben.decrypt(&data), Ok("x".to_owned()), "nothing was lost");
}

#[test]
fn a_value_that_does_not_decode_is_an_error_and_not_an_absent_group() {
    let (_, mut ben) = pair();
    write(&mut ben.store, |tx| {
        tx.execute("UPDATE mls_value SET value = x'ff' WHERE label = ?1", [Label::Tree.number()]).unwrap();
        let storage = MlsStorage::live(tx);
        let error = MlsGroup::load(&storage, &MlsGroupId::from_slice(&GROUP.0)).err().unwrap();
        assert_eq!(error, StorageError::Codec);
        assert!(matches!(storage.take_failure(), Some(StoreError::Codec)));
    });
}
