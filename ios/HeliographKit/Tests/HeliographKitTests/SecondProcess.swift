import Foundation
import Heliograph
import Testing

@testable import HeliographKit

/// The app and its notification extension: two processes and one store.
@Suite(.serialized) @MainActor struct SecondProcess {
    /// The extension as a process: see Tests/PushWakeProgram.
    private func program(_ what: String, _ device: Device) throws -> (process: Process, input: Pipe, output: Pipe) {
        let process = Process()
        process.executableURL = URL(filePath: Server.variable("HELIOGRAPH_PUSH_WAKE"))
        let key = try #require(try device.keys.load()).base64EncodedString()
        process.arguments = [what, device.folder.path, key]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        return (process, input, output)
    }

    /// What it said, read where it holds up nobody.
    private func line(_ output: Pipe) async -> String {
        let handle = output.fileHandleForReading
        return await Task.detached { String(decoding: handle.availableData, as: UTF8.self) }.value
            .trimmingCharacters(in: .newlines)
    }

    @Test func whatIsReadWhileItIsBeingAnnouncedDoesNotComeBack() async throws {
        let (device, other) = (try Device(), try Device())
        let session = device.session(try await device.signIn("quin"))
        let rosa = other.session(try await other.signIn("rosa"))
        try await session.enterForeground()
        try await rosa.enterForeground()
        // Before that she finds the keys of the device of an earlier run, and this one can't read what she writes.
        try await session.client.publishKeys()
        let inbox = Inbox(client: session.client)
        let listening = Task { await inbox.listen() }
        let id = try await rosa.client.startChat(with: session.client.address)
        // What an earlier run of this test left in the archive is read already, which takes a moment to be known.
        let text = "the well is dry \(UUID())"
        try await rosa.client.send(text, to: id)
        try await until("the text") {
            inbox.conversations.first?.preview?.text == text && inbox.unread == 1 && device.board.badge == 1
        }

        let answer = device.board.holdNext()
        let announcing = Task { try await session.announcements.show() }
        try await until("somebody to ask what is shown") { device.board.isAsked }
        let chat = try #require(inbox.conversations.first)
        let newest = try #require(try await session.client.unread(perConversation: 1).first?.messages.last)
        try await session.client.markRead(chat.id, upTo: newest.row)
        try await until("the inbox to know that it is read") { inbox.unread == 0 }
        answer.finish()
        try await announcing.value
        try await until("it to be gone") { device.board.alerts.isEmpty && device.board.badge == 0 }
        listening.cancel()
        await listening.value
        try await session.end()
        try await rosa.end()
    }

    @Test func theAppAndTheExtensionTakeTurns() async throws {
        let (device, other) = (try Device(), try Device())
        let lena = try await device.signIn("lena")
        let mia = other.session(try await other.signIn("mia"))
        try await mia.enterForeground()
        let front = device.front()
        await front.enterForeground()
        await front.use(lena)
        let session = try #require(front.session)
        try await lena.publishKeys()
        let id = try await mia.client.startChat(with: lena.address)
        let inbox = Inbox(client: lena)
        let listening = Task { await inbox.listen() }
        try await mia.client.send("one", to: id)
        try await until("the first text") { inbox.unread == 1 && device.board.badge == 1 }

        // The app has the store: the extension has nothing to say.
        let beside = try program("wake", device)
        #expect(await line(beside.output) == "Heliograph: something")
        beside.process.waitUntilExit()

        await front.enterBackground()
        let row = try await mia.client.send("two", to: id)
        try await out(row, mia.client)
        let alone = try program("wake", device)
        #expect(await line(alone.output) == "\(mia.client.name): two")
        alone.process.waitUntilExit()

        // The extension has the store when the user comes back: it is said, and it passes by itself.
        let holding = try program("hold", device)
        #expect(await line(holding.output) == "open")
        await front.enterForeground()
        #expect(front.obstacle?.code == .storeBusy && front.obstacle?.transient == true)
        try holding.input.fileHandleForWriting.close()
        holding.process.waitUntilExit()
        device.signal.tell()
        try await until("the app to have its store again") { front.obstacle == nil }
        try await until("both texts") { inbox.unread == 2 && device.board.badge == 2 }
        listening.cancel()
        await listening.value

        // At the start of the app the same; and an extension that was killed leaves no lock.
        await front.end()
        let killed = try program("hold", device)
        #expect(await line(killed.output) == "open")
        let restarted = device.front()
        await restarted.enterForeground()
        await restarted.open()
        guard case .broken(let failure) = restarted.state else {
            Issue.record("two have the store")
            return
        }
        #expect(failure.code == .storeBusy)
        kill(killed.process.processIdentifier, SIGKILL)
        killed.process.waitUntilExit()
        await restarted.tryAgain()
        #expect(restarted.session != nil && session !== restarted.session)
        await restarted.end()
        try await mia.end()
    }

    /// Waits until the server has a message.
    private func out(_ message: MessageID, _ client: Client) async throws {
        for try await _ in client.conversations {
            let found = try await client.delivery(of: message).message
            if Bubble(of: found).isOut { return }
        }
    }

    @Test func notificationsAreAnsweredReadAndFollowed() async throws {
        let (device, other) = (try Device(), try Device())
        let noah = try await device.signIn("noah")
        let olga = other.session(try await other.signIn("olga"))
        try await olga.enterForeground()
        let front = device.front()
        await front.enterForeground()
        await front.use(noah)
        try await noah.publishKeys()
        let id = try await olga.client.startChat(with: noah.address)
        let chat = olga.chat(id)
        let listening = Task { await chat.listen() }
        chat.draft = "are you there?"
        try await until("the chat") { chat.canSend }
        await front.enterBackground()
        await chat.send()
        try await until("the server") { chat.bubbles.last?.isOut == true }

        await front.refresh()
        let alert = try #require(device.board.alerts.first)
        #expect(alert.body == "are you there?" && alert.title == olga.client.name && device.board.badge == 1)
        // Once is enough.
        device.board.state.withLock { $0.alerts[0].body = "seen" }
        await front.refresh()
        #expect(device.board.alerts.map(\.body) == ["seen"])

        let touched = NotificationAnswer(action: NotificationAnswer.touched, userInfo: alert.userInfo, text: nil)
        await front.act(on: try #require(touched))
        #expect(front.path == [alert.conversation])
        let answer = NotificationAnswer(
            action: NotificationAnswer.replyAction, userInfo: alert.userInfo, text: "yes, at the bridge")
        await front.act(on: try #require(answer))
        try await until("the answer") { chat.bubbles.last?.text == "yes, at the bridge" }
        #expect(device.board.alerts.isEmpty && device.board.badge == 0, "what was answered is read")
        // The app is behind: nothing holds the store.
        let extensionOfOurs = device.wake()
        #expect(await extensionOfOurs.alert() == extensionOfOurs.unspecific)
        #expect(device.signal.told == 1)

        chat.draft = "good"
        await chat.send()
        try await until("the server") { chat.bubbles.last?.text == "good" && chat.bubbles.last?.isOut == true }
        device.shelf.save(withoutText())
        let hidden = await device.wake().alert()
        #expect(hidden.title == "Heliograph" && hidden.conversation == alert.conversation)
        #expect(!hidden.body.contains("good"))
        await front.act(on: .markRead(try #require(hidden.message), in: try #require(hidden.conversation)))
        #expect(device.board.badge == 0)
        listening.cancel()
        await listening.value
        await front.end()
        try await olga.end()
    }

    private func withoutText() -> Preferences {
        var preferences = Preferences()
        preferences.notificationText = false
        return preferences
    }
}
