import Foundation
import Heliograph
import HeliographKit
import Observation
import Synchronization
import Testing

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

    /// As after restoring a backup on another device.
    func lose() -> Data? {
        key.withLock { key in
            defer { key = nil }
            return key
        }
    }
}

final class InMemoryNetwork: NetworkWatch {
    let snapshots: AsyncStream<NetworkSnapshot>
    private let input: AsyncStream<NetworkSnapshot>.Continuation

    init() {
        // Whoever begins to listen hears how it is, and not how it was: a phone that was offline before is so from the start.
        (snapshots, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
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

/// Notifications, and what the user says to them. Badge and alerts can be waited for.
final class InMemoryBoard: NotificationBoard, Observable {
    private let observers = ObservationRegistrar()

    struct State {
        var permission = NotificationPermission.undecided
        /// What the user says when asked.
        var answer = NotificationPermission.granted
        var alerts: [Alert] = []
        var badge = 0
        var asked = 0
    }

    let state = Mutex(State())
    /// What the next question for what is shown waits for.
    private let held = Mutex<AsyncStream<Void>?>(nil)

    /// Lets the next question for what is shown wait for the answer.
    func holdNext() -> AsyncStream<Void>.Continuation {
        let (stream, answer) = AsyncStream<Void>.makeStream()
        held.withLock { $0 = stream }
        return answer
    }

    /// Somebody waits for the answer.
    var isAsked: Bool {
        observers.access(self, keyPath: \.isAsked)
        return held.withLock { $0 == nil }
    }

    func permission() async -> NotificationPermission { state.withLock { $0.permission } }

    func ask() async -> NotificationPermission {
        state.withLock {
            $0.asked += 1
            $0.permission = $0.answer
            return $0.answer
        }
    }

    func show(_ alert: Alert) async {
        change { state in
            state.alerts.removeAll { $0.conversation == alert.conversation }
            state.alerts.append(alert)
        }
    }

    func shown() async -> [ConversationID: MessageID] {
        let wait = observers.withMutation(of: self, keyPath: \.isAsked) {
            held.withLock { held in
                defer { held = nil }
                return held
            }
        }
        if let wait { for await _ in wait {} }
        return state.withLock { state in
            var shown: [ConversationID: MessageID] = [:]
            for alert in state.alerts {
                if let conversation = alert.conversation { shown[conversation] = alert.message }
            }
            return shown
        }
    }

    func withdraw(_ conversations: [ConversationID]) async {
        change { $0.alerts.removeAll { $0.conversation.map(conversations.contains) == true } }
    }

    func setBadge(_ count: Int) async { change { $0.badge = count } }

    private func change(_ work: (inout State) -> Void) {
        observers.withMutation(of: self, keyPath: \.alerts) {
            observers.withMutation(of: self, keyPath: \.badge) { state.withLock { work(&$0) } }
        }
    }

    var alerts: [Alert] {
        observers.access(self, keyPath: \.alerts)
        return state.withLock { $0.alerts }
    }

    var badge: Int {
        observers.access(self, keyPath: \.badge)
        return state.withLock { $0.badge }
    }
}

/// Counts who wants a token. The count can be waited for.
final class InMemoryRegistrar: PushRegistrar, Observable {
    private let observers = ObservationRegistrar()
    private let count = Mutex(0)

    var registrations: Int {
        observers.access(self, keyPath: \.registrations)
        return count.withLock { $0 }
    }

    func register() async {
        observers.withMutation(of: self, keyPath: \.registrations) { count.withLock { $0 += 1 } }
    }
}

final class InMemoryShelf: PreferenceShelf {
    private let preferences = Mutex(Preferences())

    func load() -> Preferences { preferences.withLock { $0 } }

    func save(_ preferences: Preferences) { self.preferences.withLock { $0 = preferences } }
}

/// Between the two processes of the app: here, whoever has it.
final class InMemorySignal: StoreSignal {
    let freed: AsyncStream<Void>
    private let input: AsyncStream<Void>.Continuation
    private let count = Mutex(0)
    /// How often the store was let go of.
    var told: Int { count.withLock { $0 } }

    init() { (freed, input) = AsyncStream.makeStream() }

    func tell() {
        count.withLock { $0 += 1 }
        input.yield()
    }
}

/// A device: an account of the server under test with its own folder and system services.
@MainActor
final class Device {
    let accounts: Accounts
    let keys = InMemoryKeys()
    let network = InMemoryNetwork()
    let schedule = InMemorySchedule()
    let board = InMemoryBoard()
    let registrar = InMemoryRegistrar()
    let shelf = InMemoryShelf()
    let signal = InMemorySignal()
    let folder: URL
    let words = AlertWords(title: "Heliograph", unspecific: "You may have new messages", notSent: "Not sent")
    let push = PushService(address: "push.example.org", options: [PushOption(name: "secret", value: "hush")])

    /// With its data in a folder of its own, or in this one.
    init(folder: URL? = nil) throws {
        self.folder = folder ?? FileManager.default.temporaryDirectory.appending(path: "heliograph-\(UUID())")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        accounts = Accounts(folder: self.folder, keys: keys)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var services: Services {
        Services(
            network: network, power: InMemoryPower(), schedule: schedule, board: board, registrar: registrar,
            shelf: shelf, signal: signal)
    }

    func session(_ client: Client) -> Session { Session(client: client, services: services, words: words, push: push) }

    /// The app as the user starts it.
    func front() -> Front { Front(accounts: accounts, services: services, words: words, push: push) }

    /// The notification extension.
    func wake() -> PushWake {
        PushWake(accounts: accounts, board: board, shelf: shelf, signal: signal, words: words)
    }

    /// Signs in through the screen.
    func signIn(_ name: String) async throws -> Client {
        let screen = SignIn(accounts: accounts)
        screen.address = " \(Server.address(name)) "
        screen.password = Server.password(name)
        screen.server = Server.place
        screen.authority = Server.authority
        guard let client = await screen.signIn() else { throw screen.failure ?? WaitedInVain(what: "signing in") }
        #expect(screen.password.isEmpty && screen.failure == nil && accounts.hasAccount)
        return client
    }
}

extension Client {
    /// Waits until others can encrypt for this phone, whatever keys a phone before it had. A server handles what one client asks
    /// in order (RFC 6120 §10.1), so what is asked now is answered after it took the keys: whether an account that never was
    /// online has any.
    func publishKeys() async throws {
        let probe = try await startChat(with: Server.address("jan"))
        for try await update in conversations {
            if update.conversations.contains(where: { $0.id == probe && $0.state == .active }) { return }
        }
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
