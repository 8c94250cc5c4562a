import Foundation
import Heliograph
import Observation

/// The app as a whole: whether there is an account, whether it can be used, and which conversation is wanted.
@MainActor
@Observable
public final class Front {
    /// What is shown.
    public enum State {
        /// Nothing yet: the store is being opened.
        case opening
        /// There is no account.
        case signIn(SignIn)
        /// There is one, and it can't be opened now.
        case broken(HeliographError)
        /// There is one, and its screens can be shown.
        case open(Session)
    }

    /// What is shown.
    public private(set) var state = State.opening
    /// Why the account, which is open, can't be used for the moment: the notification extension has the store, or the disk is
    /// full. Nothing is lost by it; ``tryAgain()``.
    public private(set) var obstacle: HeliographError?
    /// The account once it was opened; asleep while the app is behind.
    public private(set) var session: Session?
    /// The conversations that are open, one above the other.
    public var path: [ConversationID] = []
    /// A link that was followed, for the screen where chats begin.
    public var link: String?

    /// The account of this device.
    public let accounts: Accounts
    private let services: Services
    private let words: AlertWords
    private let push: PushService?
    private var isInFront = false
    private var opening: Task<Void, Never>?
    private var waiting: Task<Void, Never>?

    /// The app over the system's services. `push` is the push service of whoever builds it, if there is one.
    public init(accounts: Accounts, services: Services, words: AlertWords, push: PushService? = nil) {
        self.accounts = accounts
        self.services = services
        self.words = words
        self.push = push
        let freed = services.signal.freed
        waiting = Task { [weak self] in
            for await _ in freed { await self?.storeFreed() }
        }
    }

    /// Opens the account if there is one. Any number may ask at once.
    public func open() async {
        if session != nil { return }
        if opening == nil {
            opening = Task {
                await reallyOpen()
                opening = nil
            }
        }
        await opening?.value
    }

    private func reallyOpen() async {
        guard accounts.hasAccount else {
            if case .signIn = state { return }
            let screen = SignIn(accounts: accounts)
            state = .signIn(screen)
            followLink()
            return
        }
        do {
            await use(try await accounts.open())
        } catch let error as HeliographError {
            state = .broken(error)
        } catch {
            state = .broken(Accounts.locked)
        }
    }

    /// The user has signed in.
    public func use(_ client: Client) async {
        let session = Session(client: client, services: services, words: words, push: push)
        self.session = session
        if isInFront {
            await enterForeground()
        } else {
            // Opened for a moment's work: who asked for that wakes it.
            try? await session.sleep()
        }
    }

    /// The app came to the front.
    public func enterForeground() async {
        isInFront = true
        guard let session else { return }
        do {
            try await session.enterForeground()
            obstacle = nil
            if case .open = state { return }
            // Only now: a screen can't begin to listen to an account that is asleep.
            state = .open(session)
        } catch {
            let failure = error as? HeliographError
            if case .open = state { obstacle = failure } else { state = .broken(failure ?? Accounts.locked) }
        }
    }

    /// The app went behind. When this returns, the store is closed and what was being written is kept.
    public func enterBackground() async {
        isInFront = false
        do {
            try await session?.enterBackground()
        } catch {
            obstacle = error as? HeliographError
        }
    }

    /// What stood in the way may be gone.
    public func tryAgain() async {
        if session == nil { await open() } else if isInFront { await enterForeground() }
    }

    /// The notification extension has let go of the store.
    private func storeFreed() async {
        var waitedFor = obstacle
        if case .broken(let failure) = state { waitedFor = failure }
        if waitedFor?.code == .storeBusy { await tryAgain() }
    }

    /// The system granted a moment in the background.
    public func refresh() async {
        await open()
        // What can't be fetched now comes with the next occasion.
        _ = try? await session?.refresh()
    }

    /// The user touched a notification. What was answered there is kept, or shown again if that can't be done.
    public func act(on answer: NotificationAnswer) async {
        await open()
        if case .open(let conversation) = answer {
            path = conversation.map { [$0] } ?? []
            return
        }
        do {
            guard let session else { throw Accounts.locked }
            try await session.act(on: answer)
        } catch {
            guard case .reply(let text, _, let conversation) = answer else { return }
            await services.board.show(Announcements.unsent(text, in: conversation, words))
        }
    }

    /// A link or QR code from outside the app (`xmpp:ana@example.org`): who has an account wants to write there, who has none wants
    /// to sign in with it.
    public func follow(link: String) {
        self.link = link
        followLink()
    }

    private func followLink() {
        guard case .signIn(let screen) = state, let link else { return }
        self.link = nil
        screen.follow(link: link)
    }

    /// Ends everything: for tests, and for when the account is removed.
    public func end() async {
        waiting?.cancel()
        await opening?.value
        try? await session?.end()
    }
}
