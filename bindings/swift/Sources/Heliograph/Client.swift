import Foundation
import HeliographCore

/// One account on this device.
///
/// A client is opened, started when it shall be connected, suspended when the app goes away, and shut down at the end:
///
/// ```swift
/// let client = try await Client.open(store)
/// try client.start()
/// …
/// try await client.shutdown()
/// ```
///
/// All methods may be called from any task or thread. Everything that can touch the disk or the network is `async`. A task
/// that is cancelled gives up waiting for what is *announced* (the sequences) and for ``addAccount(_:at:)``; any other call
/// does what was asked for and then returns.
public final class Client: Sendable {
    let core: HeliographClient

    init(core: HeliographClient) {
        self.core = core
    }

    /// Signs in once to check the account, then creates its database. On failure, and if the task is cancelled, nothing is
    /// left behind.
    ///
    /// - Throws: whatever can go wrong with a connection, `invalidArgument`, `diskFull`; `closed` if the task was cancelled.
    public static func addAccount(
        _ account: AccountConfig,
        at store: StoreLocation
    ) async throws(HeliographError) {
        try await attemptUntilCancelled { cancellation in
            try await HeliographCore.addAccount(
                path: store.file.path, key: store.key, account: account, cancellation: cancellation)
        }
    }

    /// Looks at the certificate that the account's server shows, trusted or not. Name and password are neither sent nor
    /// needed: the password may be empty.
    public static func inspectServer(of account: AccountConfig) async throws(HeliographError) -> ServerCertificate {
        try await attempt { try await HeliographCore.inspectServer(account: account) }
    }

    /// Reads an address (`ana@example.org`) or a link to one (RFC 5122), as typed, followed or scanned.
    ///
    /// - Throws: `invalidArgument`.
    public static func readAddress(_ text: String) throws(HeliographError) -> Contact {
        try attempt { try HeliographCore.readAddress(text: text) }
    }

    /// Reads a server's place as somebody types it: `chat.example.org`, `chat.example.org:5223`, `[2001:db8::1]:5223`. The
    /// port may instead stand in a field of its own; without one it is 5222. On 443 and 5223 TLS starts with the first byte,
    /// elsewhere after `<starttls/>`.
    ///
    /// - Throws: `invalidArgument`.
    public static func readServer(_ place: String, port: String = "") throws(HeliographError) -> ServerOverride {
        try attempt { try HeliographCore.readServer(place: place, port: port) }
    }

    /// The version of Heliograph, as in `0.1.0`.
    public static var version: String { HeliographCore.version() }

    /// Opens an account that ``addAccount(_:at:)`` made. Does not connect.
    ///
    /// - Throws: `invalidArgument` (a key that has not 32 bytes), `storeLocked` (wrong key), `storeCorrupt`, `storeTooNew`,
    ///   `storeBusy` (open elsewhere), `notFound` (no account there).
    public static func open(_ store: StoreLocation) async throws(HeliographError) -> Client {
        try await attempt {
            Client(core: try await HeliographClient.open(path: store.file.path, key: store.key))
        }
    }

    /// Our account, `name@server`.
    public var address: String { core.address() }

    /// What to call our account: what others see of it, and what to be called in ordinary rooms.
    public var name: String { core.name() }

    /// The link to our account, as for a QR code.
    public func contactURI() throws(HeliographError) -> String {
        try attempt { try core.contactUri() }
    }

    /// The account has another password, usually after `authenticationFailed`: it is kept, and tried at once.
    public func setPassword(_ password: String) async throws(HeliographError) {
        try await attempt { try await core.setPassword(password: password) }
    }

    /// When a client that sleeps should be woken for ``catchUp(within:)`` although nobody asks for it; `nil`: not needed.
    public func nextCatchUp() async throws(HeliographError) -> Date? {
        try await attempt { try await core.nextCatchUp().map(Date.init(millisecondsSince1970:)) }
    }

    /// Connects, and stays connected as far as the network allows, until ``suspend()``. After a failure that retrying can't
    /// cure this is also how to try again.
    public func start() throws(HeliographError) {
        try attempt { try core.start() }
    }

    /// Says goodbye to the server and closes everything. When this returns, no timer is armed and no file of the database
    /// is open, so that the system may suspend the app. Idempotent; subscriptions go on after ``resume()``.
    public func suspend() async throws(HeliographError) {
        try await attempt { try await core.suspend() }
    }

    /// Opens the database again after ``suspend()``; ``start()`` connects. Idempotent.
    public func resume() async throws(HeliographError) {
        try await attempt { try await core.resume() }
    }

    /// ``suspend()`` for good. When this returns, every subscription has ended and no thread of the client is left.
    /// Idempotent; everything else then fails with `closed`.
    public func shutdown() async throws(HeliographError) {
        try await attempt { try await core.shutdown() }
    }

    /// For push messages and background refresh: connects, reads what waits, and suspends again, unless the app has called
    /// ``start()`` or ``resume()``. Returns when everything is here, when waiting is of no use, and in any case before the
    /// deadline, with whatever came until then. To end it early, ``suspend()``.
    public func catchUp(within deadline: Duration) async throws(HeliographError) -> CatchUpReport {
        try await attempt { try await core.catchUp(deadlineMs: deadline.wholeMilliseconds) }
    }
}

extension Duration {
    /// Rounded down; nothing for what lies in the past.
    var wholeMilliseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let milliseconds = UInt64(attoseconds / 1_000_000_000_000_000)
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1000)
        return overflow ? .max : whole.addingReportingOverflow(milliseconds).overflow ? .max : whole + milliseconds
    }
}
