import Foundation
import Heliograph

/// The account of this device: where its store is and what opens it. Shared by the app and its notification extension.
public struct Accounts: Sendable {
    /// What goes wrong if the keychain can't be used: before the first unlock after a restart, for example.
    static let unusable = HeliographError(
        code: .storeLocked,
        name: "store-locked",
        transient: true,
        advice: "The key of the messages can't be read: unlock the device and try again.",
        detail: "the keychain refused"
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

    /// Signs in, creates the store under a new key, and opens it.
    public func add(_ account: AccountConfig) async throws -> Client {
        let key = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) })
        let store = StoreLocation(file: file, key: key)
        try await Client.addAccount(account, at: store)
        do {
            // Written once the account is known to be right, and before anything is in it that could be lost.
            try keys.save(key)
        } catch {
            try? FileManager.default.removeItem(at: file)
            throw Self.unusable
        }
        return try await Client.open(store)
    }

    /// Opens the store.
    ///
    /// - Throws: ``HeliographError``: `storeBusy` while the other process has it; `storeLocked` while the keychain is shut.
    public func open() async throws -> Client {
        guard let key = try? keys.load() else { throw Self.unusable }
        return try await Client.open(StoreLocation(file: file, key: key))
    }
}
