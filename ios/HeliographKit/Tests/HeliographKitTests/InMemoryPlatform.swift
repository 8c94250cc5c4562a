import Foundation
import Heliograph
import HeliographKit
import Observation
import Synchronization

/// The system's services, as a test sets them.
final class InMemoryKeys: KeyStore {
    private let key = Mutex<Data?>(nil)
    /// Whether the keychain is shut, as before the first unlock.
    let isShut = Mutex(false)

    func save(_ key: Data) throws {
        if isShut.withLock({ $0 }) { throw CocoaError(.fileWriteNoPermission) }
        self.key.withLock { $0 = key }
    }

    func load() throws -> Data? {
        if isShut.withLock({ $0 }) { throw CocoaError(.fileReadNoPermission) }
        return key.withLock { $0 }
    }
}

final class InMemoryNetwork: NetworkWatch {
    let snapshots: AsyncStream<NetworkSnapshot>
    private let input: AsyncStream<NetworkSnapshot>.Continuation

    init() {
        (snapshots, input) = AsyncStream.makeStream()
        input.yield(NetworkSnapshot(isAvailable: true, id: "wifi"))
    }

    func become(_ snapshot: NetworkSnapshot) { input.yield(snapshot) }
}

struct InMemoryPower: PowerWatch {
    let snapshots = AsyncStream<PowerSnapshot> { $0.yield(PowerSnapshot(isLow: false)) }
}

final class InMemorySchedule: RefreshSchedule {
    private let wishes = Mutex<[Date]>([])
    var wished: [Date] { wishes.withLock { $0 } }

    func wake(notBefore date: Date) throws { wishes.withLock { $0.append(date) } }
}

/// A device: an account of the server under test with its own folder and system services.
@MainActor
struct Device {
    let accounts: Accounts
    let keys = InMemoryKeys()
    let network = InMemoryNetwork()
    let schedule = InMemorySchedule()
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "heliograph-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        accounts = Accounts(folder: folder, keys: keys)
    }

    func session(_ client: Client) -> Session {
        Session(client: client, network: network, power: InMemoryPower(), schedule: schedule)
    }
}

/// The server under test: see bindings/swift/README.md.
enum Server {
    static func variable(_ name: String) -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            fatalError("\(name) is not set: bindings/swift/README.md says what these tests need")
        }
        return value
    }

    static let place = variable("HELIOGRAPH_SERVER")
    static let authority = try! String(contentsOfFile: variable("HELIOGRAPH_CA"), encoding: .ascii)

    static func address(_ name: String) -> String { "\(name)@\(variable("HELIOGRAPH_DOMAIN"))" }

    static func password(_ name: String) -> String {
        let entry = variable("HELIOGRAPH_ACCOUNTS").split(separator: ",").first { $0.hasPrefix(name + ":") }!
        return String(entry.dropFirst(name.count + 1))
    }
}

/// Two orders of magnitude above what anything takes on an idle machine.
let deadline = Duration.seconds(60)

/// Waits until what a screen shows is as expected. Woken by the screen's own announcements, as a view is.
@MainActor
func until(_ what: String, _ expected: @escaping @MainActor () -> Bool) async throws {
    let late = ContinuousClock.now + deadline
    while !expected() {
        guard ContinuousClock.now < late else { throw WaitedInVain(what: what) }
        let (changed, hasChanged) = AsyncStream<Void>.makeStream()
        let isThere = withObservationTracking {
            expected()
        } onChange: {
            hasChanged.yield()
        }
        if isThere { return }
        let alarm = Task {
            try await Task.sleep(until: late)
            hasChanged.finish()
        }
        for await _ in changed { break }
        alarm.cancel()
    }
}

struct WaitedInVain: Error, CustomStringConvertible {
    let what: String
    var description: String { "waited in vain for \(what)" }
}
