import Foundation
import Heliograph
import Testing

@testable import HeliographKit

/// What goes wrong with the device: the user sees what happened, and nothing is lost.
@Suite(.serialized) @MainActor struct Trouble {
    /// The app in front, signed in and connected to nothing: what the user writes stays here.
    private func offlineFront(_ name: String, on device: Device) async throws -> (Front, Session) {
        let client = try await device.signIn(name)
        device.network.become(NetworkSnapshot(isAvailable: false))
        let front = device.front()
        await front.enterForeground()
        await front.use(client)
        return (front, try #require(front.session))
    }

    @Test func aKeychainThatIsShutIsSaidAndTheMessagesAreThereAfterwards() async throws {
        let device = try Device()
        let (front, session) = try await offlineFront("chloe", on: device)
        let chat = try await session.client.startChat(with: Server.address("jan"))
        try await session.client.send("kept", to: chat)
        await front.end()

        device.keys.isShut.withLock { $0 = true }
        let restarted = device.front()
        await restarted.enterForeground()
        await restarted.open()
        guard case .broken(let failure) = restarted.state else {
            Issue.record("it opened")
            return
        }
        #expect(failure.code == .storeLocked && failure.transient && !failure.advice.isEmpty)
        // What is answered in a notification meanwhile is shown again.
        await restarted.act(on: .reply("on my way", to: MessageID(1), in: chat))
        #expect(device.board.alerts.map(\.body) == ["on my way"] && device.board.alerts[0].title == "Not sent")

        device.keys.isShut.withLock { $0 = false }
        await restarted.tryAgain()
        let opened = try #require(restarted.session)
        guard case .open = restarted.state else {
            Issue.record("it is not shown")
            return
        }
        #expect(try await opened.client.search("kept").map(\.message.text) == ["kept"])
        await restarted.end()

        let key = try #require(device.keys.lose())
        let elsewhere = device.front()
        await elsewhere.open()
        guard case .broken(let lost) = elsewhere.state else {
            Issue.record("it opened without its key")
            return
        }
        #expect(lost.code == .storeLocked && !lost.transient)
        // Nobody signs in over it, so it is there once the key is back.
        let screen = SignIn(accounts: device.accounts)
        (screen.address, screen.password) = (Server.address("chloe"), Server.password("chloe"))
        #expect(await screen.signIn() == nil && screen.failure?.name == "account-exists")
        try device.keys.save(key)
        await elsewhere.tryAgain()
        await elsewhere.enterForeground()
        #expect(try await elsewhere.session?.client.search("kept").map(\.message.text) == ["kept"])
        await elsewhere.end()
    }

    @Test func aDraftOutlivesSleepAndTheProcess() async throws {
        let device = try Device()
        let (front, session) = try await offlineFront("dora", on: device)
        let id = try await session.client.startChat(with: Server.address("jan"))
        let chat = session.chat(id)
        let listening = Task { await chat.listen() }
        try await until("the chat") { chat.conversation != nil }
        chat.draft = "meet at the br"
        // Nothing between the last key and the home button.
        await front.enterBackground()
        await front.enterForeground()
        #expect(chat.draft == "meet at the br")
        chat.draft += "idge"
        await front.enterBackground()
        listening.cancel()
        await listening.value
        // The system ends the process; nobody is asked.
        await front.end()

        let restarted = device.front()
        await restarted.enterForeground()
        await restarted.open()
        let again = try #require(restarted.session).chat(id)
        let listeningAgain = Task { await again.listen() }
        try await until("the draft") { again.draft == "meet at the bridge" }
        listeningAgain.cancel()
        await listeningAgain.value
        await restarted.end()
    }

    @Test func whatIsShownGoesOnAfterASleep() async throws {
        let device = try Device()
        let (front, session) = try await offlineFront("hugo", on: device)
        let client = session.client
        let row = try await client.send("up there?", to: try await client.startChat(with: Server.address("jan")))
        let message = try await client.delivery(of: row).message
        let explanation = DeliveryExplanation(client: client, message: message)
        let panel = ConnectionPanel(client: client)
        let listening = [Task { await explanation.listen() }, Task { await panel.listen() }]
        try await until("the reason") { explanation.delivery?.waitingFor == .network && panel.usage != nil }
        // Several times: the account may fall asleep before and after a screen has asked it.
        for _ in 0..<5 {
            await front.enterBackground()
            try await until("the sleep") { panel.connection?.state == .suspended }
            await front.enterForeground()
            try await until("the end of the sleep") { panel.connection?.state == .offline }
        }
        device.network.become(NetworkSnapshot(isAvailable: true, id: "wifi"))
        try await until("the connection") { panel.connection?.state == .online && panel.traffic?.connects == 1 }
        try await until("the text to go out") { explanation.delivery.map { Bubble(of: $0.message).isOut } == true }
        for task in listening {
            task.cancel()
            await task.value
        }
        #expect(explanation.failure == nil && panel.failure == nil)
        await front.end()
    }

    @Test func whatIsWrittenWhileATextIsBeingKeptStays() async throws {
        let device = try Device()
        let (front, session) = try await offlineFront("finn", on: device)
        let chat = session.chat(try await session.client.startChat(with: Server.address("jan")))
        let listening = Task { await chat.listen() }
        try await until("the chat") { chat.canWrite }
        chat.draft = "first"
        async let sent: Void = chat.send()
        await Task.yield()
        chat.draft += " second"
        await sent
        #expect(chat.draft == " second" || chat.draft == "first second")
        try await until("the text") { chat.bubbles.last?.text == "first" }
        listening.cancel()
        await listening.value
        await front.end()
    }

    @Test func deniedNotificationsAreSaidAndTheServerIsNotAskedToAnnounce() async throws {
        let device = try Device()
        device.board.state.withLock { $0.answer = .denied }
        let client = try await device.signIn("gina")
        let front = device.front()
        await front.enterForeground()
        await front.use(client)
        let announcements = try #require(front.session).announcements
        try await until("the answer") { announcements.permission == .denied }
        #expect(device.registrar.registrations == 0)
        #expect(try await client.push().target == nil)
        // Asked once; then only the system's settings can change it, and did.
        #expect(device.board.state.withLock { $0.asked } == 1)
        device.board.state.withLock { $0.permission = .granted }
        await front.enterBackground()
        await front.enterForeground()
        try await until("the permission") {
            announcements.permission == .granted && device.registrar.registrations == 1
        }
        await announcements.tokenCame(Data([0x0a, 0xff, 0x00]))
        let target = try await client.push().target
        #expect(target?.node == "0aff00" && target?.service == "push.example.org" && target?.options.count == 1)
        let panel = ConnectionPanel(client: client)
        let listening = Task { await panel.listen() }
        try await until("the server's word") { panel.push?.state == .on }
        announcements.tokenRefused()
        #expect(announcements.isTokenMissing)

        device.board.state.withLock { $0.permission = .denied }
        await front.enterBackground()
        await front.enterForeground()
        try await until("the server to stop") { panel.push?.state == .off }
        #expect(device.board.state.withLock { $0.asked } == 1 && announcements.isTokenMissing)
        listening.cancel()
        await listening.value
        await front.end()
    }
}
