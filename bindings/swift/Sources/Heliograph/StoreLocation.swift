import Foundation

/// Where an account's encrypted database is, and what opens it.
public struct StoreLocation: Sendable {
    /// The database's file. SQLite keeps others beside it with the same beginning.
    public let file: URL
    /// The key: 32 random bytes that belong into the keychain. Without it the database stays shut.
    public let key: Data

    /// The database in `file` that `key` opens.
    public init(file: URL, key: Data) {
        self.file = file
        self.key = key
    }
}

extension StoreLocation: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The file's name; never the key.
    public var description: String { "StoreLocation(\(file.lastPathComponent))" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// The file; never the key.
    public var customMirror: Mirror { Mirror(self, children: ["file": file]) }
}
