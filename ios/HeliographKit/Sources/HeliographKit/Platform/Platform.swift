import Foundation
import Heliograph

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

/// Registers this device with Apple's push service, which answers with a token: see ``Announcements/tokenCame(_:)``.
public protocol PushRegistrar: Sendable {
    /// Asks for the token. To be asked for with each start: it changes.
    func register() async
}

/// The push service (XEP-0357) of whoever builds the app: it takes announcements from the users' servers and hands them to Apple.
public struct PushService: Sendable, Equatable {
    /// Its address in XMPP, as in `push.example.org`.
    public var address: String
    /// What a server has to show with each announcement.
    public var options: [PushOption]

    /// A push service.
    public init(address: String, options: [PushOption] = []) {
        self.address = address
        self.options = options
    }

    /// What stands for this installation there: the token that Apple gave, in hexadecimal digits, as APNs itself takes it.
    func target(token: Data) -> PushTarget {
        let node = token.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        return PushTarget(service: address, node: node, options: options)
    }
}

/// What the user wants of this app on this device. Nothing in it is secret.
public struct Preferences: Sendable, Equatable, Codable {
    /// Notifications show who wrote, and what.
    public var notificationText = true

    /// What nobody has changed yet.
    public init() {}
}

/// Where ``Preferences`` are kept: where the notification extension finds them, too.
public protocol PreferenceShelf: Sendable {
    /// As they are now.
    func load() -> Preferences
    /// Keeps them.
    func save(_ preferences: Preferences)
}

/// How the two processes of the app tell each other that the store has become free.
public protocol StoreSignal: Sendable {
    /// Each time that the other process has let go of it, from now on.
    var freed: AsyncStream<Void> { get }
    /// Tells the other process.
    func tell()
}

/// The system, as far as the app while it runs has to do with it.
public struct Services: Sendable {
    let network: any NetworkWatch
    let power: any PowerWatch
    let schedule: any RefreshSchedule
    let board: any NotificationBoard
    let registrar: any PushRegistrar
    let shelf: any PreferenceShelf
    let signal: any StoreSignal

    /// The system's services.
    public init(
        network: any NetworkWatch,
        power: any PowerWatch,
        schedule: any RefreshSchedule,
        board: any NotificationBoard,
        registrar: any PushRegistrar,
        shelf: any PreferenceShelf,
        signal: any StoreSignal
    ) {
        self.network = network
        self.power = power
        self.schedule = schedule
        self.board = board
        self.registrar = registrar
        self.shelf = shelf
        self.signal = signal
    }
}
