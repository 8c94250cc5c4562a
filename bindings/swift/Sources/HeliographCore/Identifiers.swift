// Beside the generated code, which names these types: see bindings/ffi/uniffi.toml.

/// Names a conversation on this device.
public struct ConversationID: Hashable, Sendable, Codable {
    /// The number that the core knows it by; stable, so it may be kept in a notification or a link.
    public let number: Int64

    /// The conversation with this number.
    public init(_ number: Int64) {
        self.number = number
    }
}

/// Names a message on this device.
public struct MessageID: Hashable, Sendable, Codable {
    /// The row that the core knows it by; stable.
    public let number: Int64

    /// The message in this row.
    public init(_ number: Int64) {
        self.number = number
    }
}

/// Every call fails with one of these.
extension Failure: Error {}
