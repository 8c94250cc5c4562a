import Foundation
import Heliograph

/// The account of this device: where its store is and what opens it. Shared by the app and its notification extension.
public struct Accounts: Sendable {
    /// What goes wrong if the keychain can't be used: before the first unlock after a restart, for example.
    static let locked = HeliographError(
        code: .storeLocked,
        name: "keychain-locked",
        transient: true,
        advice: "The key of the messages can't be read: unlock the device and try again.",
        detail: "the keychain refused"
    )

    /// The keychain works and has no key. The store is left alone: the key may still come back with a backup of the device.
    static let keyLost = HeliographError(
        code: .storeLocked,
        name: "key-lost",
        transient: false,
        advice: "The key of the messages is not on this device, as after restoring a backup on another one. "
            + "They are still there, but can't be opened.",
        detail: "the keychain has no key"
    )

    /// There is an account on this device already.
    static let taken = HeliographError(
        code: .invalidArgument,
        name: "account-exists",
        transient: false,
        advice: "There is an account on this device already.",
        detail: "a store is there"
    )

    private let folder: URL
    private let keys: any KeyStore

    /// Accounts in a folder that the app group shares.
    public init(folder: URL, keys: any KeyStore) {
        self.folder = folder
        self.keys = keys
    }

    private var file: URL { folder.appending(path: "account.db") }

    /// There is one.
    public var hasAccount: Bool { FileManager.default.fileExists(atPath: file.path) }

    /// Signs in, creates the store under a new key, and opens it. An account that is there already is left alone.
    public func add(_ account: AccountConfig) async throws -> Client {
        guard !hasAccount else { throw Self.taken }
        let key = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) })
        // Before the store: a key without a store is nothing, and a store without its key would stay shut for good.
        do { try keys.save(key) } catch { throw Self.locked }
        let store = StoreLocation(file: file, key: key)
        try await Client.addAccount(account, at: store)
        return try await Client.open(store)
    }

    /// Opens the store.
    ///
    /// - Throws: ``HeliographError``: `storeBusy` while the other process has it; `storeLocked` while the keychain is shut.
    public func open() async throws -> Client {
        let key: Data?
        do { key = try keys.load() } catch { throw Self.locked }
        guard let key else { throw Self.keyLost }
        return try await Client.open(StoreLocation(file: file, key: key))
    }
}
