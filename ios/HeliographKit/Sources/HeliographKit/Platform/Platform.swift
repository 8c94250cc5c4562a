import Foundation

/// Keeps the key of the store: the keychain, in a group that the notification extension can read.
public protocol KeyStore: Sendable {
    /// Keeps the key; replaces an older one.
    func save(_ key: Data) throws
    /// The key; `nil` if none was kept.
    func load() throws -> Data?
}

/// How the network is.
public struct NetworkSnapshot: Sendable, Equatable {
    /// There is a way out.
    public var isAvailable: Bool
    /// Names the network, the same each time: kind and interface.
    public var id: String?

    /// A network as the system tells of it.
    public init(isAvailable: Bool, id: String? = nil) {
        self.isAvailable = isAvailable
        self.id = id
    }
}

/// Tells how the network is, now and as it changes.
public protocol NetworkWatch: Sendable {
    /// The state now, then each change.
    var snapshots: AsyncStream<NetworkSnapshot> { get }
}

/// Tells how the power is, now and as it changes.
public protocol PowerWatch: Sendable {
    /// Whether power is to be saved, and whether a charger is connected.
    var snapshots: AsyncStream<PowerSnapshot> { get }
}

/// How the power is.
public struct PowerSnapshot: Sendable, Equatable {
    /// Low power mode.
    public var isLow: Bool
    /// A charger is connected.
    public var isCharging: Bool

    /// The power as the system tells of it.
    public init(isLow: Bool, isCharging: Bool = false) {
        self.isLow = isLow
        self.isCharging = isCharging
    }
}

/// Asks the system for a moment in the background.
public protocol RefreshSchedule: Sendable {
    /// Wants to be woken at this time or later; replaces an earlier wish.
    func wake(notBefore: Date) throws
}

/// What the user is shown while the app is not in front.
public struct Alert: Sendable, Equatable {
    /// The conversation that it opens; `nil` for one that says nothing but that there is something.
    public var conversation: Int64?
    /// Who, or which group.
    public var title: String
    /// What; empty if contents are not shown.
    public var body: String

    /// A notification.
    public init(conversation: Int64?, title: String, body: String) {
        self.conversation = conversation
        self.title = title
        self.body = body
    }
}
