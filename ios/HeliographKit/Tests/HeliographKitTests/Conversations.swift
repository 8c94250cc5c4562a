import Foundation
import Heliograph
import Testing

@testable import HeliographKit

/// Whole conversations through the screens, on a real server.
@Suite(.serialized) @MainActor struct Conversations {
    /// Signs in through the screen and comes to the front.
    private func signIn(_ name: String, on device: Device) async throws -> Session {
        let client = try await device.signIn(name)
        let session = device.session(client)
        try await session.enterForeground()
        let panel = ConnectionPanel(client: client)
        let listening = Task { await panel.listen() }
        try await until("the connection") { panel.connection?.caughtUp == true }
        #expect(!panel.needsAttention && panel.traffic?.connects ?? 0 > 0)
        await panel.refresh()
        let costliest = try #require(panel.usage?.bySituation.first)
        #expect(costliest.situation == .foreground && costliest.bytes > 0 && !panel.wantsPassword)
        listening.cancel()
        await listening.value
        return session
    }

    @Test func aGroupFromItsFirstNameToTheSearch() async throws {
        let (anaDevice, benDevice) = (try Device(), try Device())
        let ana = try await signIn("ana", on: anaDevice)
        let ben = try await signIn("ben", on: benDevice)
        try await ben.client.publishKeys()
        let inbox = Inbox(client: ben.client)
        let listening = Task { await inbox.listen() }

        let making = NewGroup(client: ana.client)
        making.name = " Ridge "
        making.candidate = ben.client.address
        making.add()
        making.candidate = " xmpp:\(ben.client.address)?message"
        making.add()
        #expect(making.candidate.isEmpty && making.failure == nil)
        making.candidate = "nobody"
        making.add()
        #expect(making.candidate == "nobody" && making.failure?.code == .invalidArgument)
        #expect(making.members == [ben.client.address] && making.canCreate)
        await making.create()
        let group = try #require(making.created)

        let chat = Chat(client: ana.client, id: group)
        let chatting = Task { await chat.listen() }
        try await until("the group") { chat.canWrite }
        chat.draft = "  "
        #expect(!chat.canSend)
        chat.draft = "the bridge is open again"
        await chat.send()
        #expect(chat.draft.isEmpty && chat.failure == nil)
        try await until("the group in Ben's inbox") { inbox.conversations.first?.name == "Ridge" && inbox.unread == 1 }

        let reading = Chat(client: ben.client, id: try #require(inbox.conversations.first).id)
        let listeningToBen = Task { await reading.listen() }
        try await until("the text") { reading.bubbles.last?.text == "the bridge is open again" }
        #expect(reading.lines.count == 2 && reading.bubbles[0].message.security == .encrypted)
        await reading.markRead()
        try await until("the badge to go") { inbox.unread == 0 }
        try await until("the receipt") { chat.bubbles.last?.message.deliveredTo == 1 }

        let members = Members(client: ana.client, group: group)
        let watching = Task { await members.listen() }
        try await until("the members") { members.members.map(\.address) == [ana.client.address, ben.client.address] }
        #expect(members.mayChange && members.members[0].name == ana.client.name)
        let seenByBen = Members(client: ben.client, group: reading.id)
        let watchingToo = Task { await seenByBen.listen() }
        try await until("the members on Ben's phone") { seenByBen.members.count == 2 }
        #expect(!seenByBen.mayChange)

        let search = Search(client: ben.client)
        search.query = "bri"
        await search.run()
        #expect(search.results.map(\.message.text) == ["the bridge is open again"])

        try await whileAway(ana, chat, ben, benDevice)
        for task in [listening, chatting, listeningToBen, watching, watchingToo] {
            task.cancel()
            await task.value
        }
        try await ana.end()
        try await ben.end()
    }

    /// Ben's app goes behind; a push message wakes the extension, once with the store free and once with the app holding it.
    private func whileAway(_ ana: Session, _ chat: Chat, _ ben: Session, _ device: Device) async throws {
        try await ben.enterBackground()
        #expect(device.schedule.wished.count == 1)
        chat.draft = "are you awake?"
        await chat.send()
        try await until("the server") { chat.bubbles.last?.isOut == true }

        let wake = device.wake()
        let alert = await wake.alert()
        #expect(alert.title == "Ridge" && alert.body == "are you awake?" && alert.conversation != nil)
        #expect(device.board.badge == 1)

        // Written where there is no network: it says what it waits for, and can be taken back.
        device.network.become(NetworkSnapshot(isAvailable: false))
        try await ben.enterForeground()
        try await offline(ben, group: try #require(alert.conversation))
        device.network.become(NetworkSnapshot(isAvailable: true, id: "mobile"))
        #expect(await wake.alert() == wake.unspecific, "the app has the store")
        device.keys.isShut.withLock { $0 = true }
        #expect(await wake.alert() == wake.unspecific, "the keychain is shut")
    }

    private func offline(_ ben: Session, group: ConversationID) async throws {
        let chat = Chat(client: ben.client, id: group)
        let listening = Task { await chat.listen() }
        try await until("the group") { chat.canWrite && !chat.lines.isEmpty }
        chat.draft = "half a thou"
        await chat.keepDraft()
        try await until("the draft") { chat.conversation?.draft == "half a thou" }
        let again = Chat(client: ben.client, id: group)
        let listeningAgain = Task { await again.listen() }
        try await until("the draft on another screen") { again.draft == "half a thou" }

        chat.draft = "never mind"
        await chat.send()
        try await until("the text") { chat.bubbles.last?.text == "never mind" }
        let explanation = DeliveryExplanation(client: ben.client, message: try #require(chat.bubbles.last).message)
        let explaining = Task { await explanation.listen() }
        try await until("the reason") { explanation.delivery?.waitingFor == .network }
        #expect(explanation.canDiscard && !explanation.canSendAgain)
        await explanation.discard()
        #expect(explanation.delivery == nil && explanation.failure == nil)
        try await until("the text to go") { chat.bubbles.last?.text != "never mind" }
        for task in [listening, listeningAgain, explaining] {
            task.cancel()
            await task.value
        }
    }

    @Test func aServerThatNobodyVouchesForIsAskedAbout() async throws {
        let device = try Device()
        let screen = SignIn(accounts: device.accounts)
        (screen.address, screen.password) = (Server.address("eve"), Server.password("eve"))
        screen.server = Server.place
        #expect(await screen.signIn() == nil)
        #expect(screen.question?.problem == .unknownIssuer && screen.failure == nil && !device.accounts.hasAccount)
        screen.trust()
        let client = try #require(await screen.signIn(), "\(String(describing: screen.failure))")
        try await client.shutdown()
    }

    @Test func aServerWithAnExpiredCertificateIsRefusedWhateverTheUserSays() async throws {
        let device = try Device()
        let screen = SignIn(accounts: device.accounts) { config in
            var shown = try await Client.inspectServer(of: config)
            (shown.problem, shown.confirmable) = (.expired, false)
            return shown
        }
        (screen.address, screen.password) = (Server.address("eve"), Server.password("eve"))
        screen.server = Server.place
        #expect(await screen.signIn() == nil)
        #expect(screen.question?.problem == .expired && screen.failure == nil)
        screen.trust()
        #expect(screen.question != nil)
        screen.distrust()
        #expect(await screen.signIn() == nil && screen.question?.problem == .expired && !device.accounts.hasAccount)
    }

    @Test func whatCannotBeIsSaidAndLeavesNothing() async throws {
        let device = try Device()
        let screen = SignIn(accounts: device.accounts)
        screen.address = Server.address("chloe")
        screen.password = "guessed"
        screen.server = Server.place
        screen.authority = Server.authority
        #expect(await screen.signIn() == nil && screen.failure?.code == .authenticationFailed)
        screen.server = "no port"
        #expect(await screen.signIn() == nil && screen.failure?.code == .invalidArgument)
        screen.server = Server.place
        screen.password = Server.password("chloe")
        device.keys.isShut.withLock { $0 = true }
        #expect(await screen.signIn() == nil && screen.failure?.code == .storeLocked)
        #expect(!device.accounts.hasAccount && !screen.isSigningIn)
        device.keys.isShut.withLock { $0 = false }
        let client = try #require(await screen.signIn())

        let chat = NewChat(client: client)
        chat.address = "not an address"
        await chat.open()
        #expect(chat.opened == nil && chat.failure?.code == .invalidArgument)
        chat.address = Server.address("dora")
        await chat.open()
        #expect(chat.opened != nil && chat.failure == nil)
        try await client.shutdown()
    }
}

extension Chat {
    var bubbles: [Bubble] {
        lines.compactMap { if case .message(let bubble) = $0 { bubble } else { nil } }
    }
}

extension Bubble {
    init(of message: Message) {
        self.init(message: message, beginsGroup: true, endsGroup: true)
    }

    var text: String { message.readable }

    /// The server has it.
    var isOut: Bool { [.sent, .archived, .delivered, .displayed].contains(message.state) }
}
