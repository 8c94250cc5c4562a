import Foundation
import Heliograph
import Testing

/// Whole conversations on a real server.
@Suite struct Talking {
    let folder: Folder

    init() throws {
        folder = try Folder()
    }

    @Test func aChatBothWaysAndBackFromSleep() async throws {
        let (ana, ben) = (try await Phone.add(.ana, in: folder), try await Phone.add(.ben, in: folder))
        try await ben.publishKeys()
        let chat = try await ana.client.startChat(with: ben.client.address)
        let row = try await ana.client.send("the bridge is open again", to: chat)
        let chatOfBen = try await ben.until("the chat") { $0.address == ana.client.address }.id
        let got = try await ben.until("the text", in: chatOfBen) { $0.text == "the bridge is open again" }
        #expect(got.security == .encrypted && !got.outgoing)
        #expect(got.sender == .account(address: ana.client.address, name: ana.client.name))
        #expect(abs(got.sentAt.timeIntervalSinceNow) < 3600)
        let delivered = try await ana.until("the receipt", in: chat) { $0.row == row && $0.state.isDelivered }
        #expect(delivered.id == got.id && delivered.outgoing && delivered.deliveredTo == 1)

        #expect(try await ben.client.conversation(chatOfBen).unread == 1)
        try await ben.client.markRead(chatOfBen, upTo: got.row)
        #expect(try await ben.client.conversation(chatOfBen).unread == 0)

        for text in ["🏔 good, we start at six", "bring <rope> & \"water\"\nfor two"] {
            try await ben.client.send(text, to: chatOfBen)
            _ = try await ana.until("the answer", in: chat) { $0.text == text && !$0.outgoing }
        }
        let said = try await ana.texts(of: chat)
        #expect(said.count == 3)
        #expect(try await ben.texts(of: chatOfBen) == said)
        let hit = try #require(try await ana.client.search("brid", within: chat).first)
        #expect(hit.message.row == row && hit.textRanges.map { hit.message.text[$0] } == ["bridge"])
        let start = try #require(try await ana.client.search("six start").first)
        #expect(start.textRanges.map { start.message.text[$0] } == ["start", "six"])
        #expect(start.excerptRanges.map { start.excerpt[$0] } == ["start", "six"])

        try await scrollBack(ana, ben)
        try await catchUp(ana, chat, ben, chatOfBen)
        try await ana.client.shutdown()
        try await ben.client.shutdown()
    }

    /// More than the server gives at once: an open timeline says what is missing, and no more once somebody has fetched it.
    private func scrollBack(_ ana: Phone, _ ben: Phone) async throws {
        let address = "ridge-walk@\(ServerUnderTest.rooms)"
        let room = try await ana.client.joinRoom(address, as: ana.client.name)
        var last: MessageID?
        for number in 0..<60 { last = try await ana.client.send("step \(number)", to: room) }
        let row = last
        _ = try await ana.until("the archive", in: room) { $0.row == row && $0.state.isOut && $0.state != .sent }
        let roomOfBen = try await ben.client.joinRoom(address, as: ben.client.name)
        _ = try await ben.until("the newest text", in: roomOfBen) { $0.text == "step 59" }
        var updates = try await ben.client.timeline(of: roomOfBen).updates(limit: 100).makeAsyncIterator()
        guard case .snapshot(let page)? = try await updates.next() else { throw CancellationError() }
        #expect(page.seams.map(\.kind) == [.notLoaded])
        #expect(try await ben.client.loadOlder(in: roomOfBen, wanted: 100).more == false)
        var (seams, shown) = (page.seams, page.messages.count)
        while !seams.isEmpty {
            switch try #require(try await updates.next()) {
            case .seams(let now): seams = now
            case .changes(let changed): shown += changed.count
            case .snapshot: Issue.record("a second snapshot")
            }
        }
        #expect(shown >= 60)
        // Ana's entering made the room; it is open for others too.
        try await ben.client.send("I walk along", to: roomOfBen)
        _ = try await ana.until("Ben's text", in: room) { $0.text == "I walk along" && !$0.outgoing }
    }

    /// Ben sleeps while Ana writes; then a push message wakes him, in the same process and in a new one.
    private func catchUp(_ ana: Phone, _ chat: ConversationID, _ ben: Phone, _ chatOfBen: ConversationID) async throws {
        try await ben.client.suspend()
        try await ben.client.setDraft("half a thöught", in: chatOfBen)
        let first = try await ana.client.send("are you awake?", to: chat)
        _ = try await ana.until("the server", in: chat) { $0.row == first && $0.state.isOut }
        let woken = try await ben.client.catchUp(within: ServerUnderTest.deadline)
        #expect(woken.end == .complete && woken.newMessages == 1 && woken.failure == nil)

        try await ben.client.shutdown()
        let second = try await ana.client.send("and now?", to: chat)
        _ = try await ana.until("the server", in: chat) { $0.row == second && $0.state.isOut }
        let reopened = try await Client.open(ben.store)
        let report = try await reopened.catchUp(within: ServerUnderTest.deadline)
        #expect(report.end == .complete && report.newMessages == 1)
        try await reopened.resume()
        #expect(try await reopened.conversation(chatOfBen).draft == "half a thöught")
        #expect(
            try await Phone(client: reopened, store: ben.store).texts(of: chatOfBen).suffix(2) == [
                "are you awake?", "and now?",
            ])
        try await reopened.shutdown()
    }

    @Test func theQuickStartOfTheReadmeRuns() async throws {
        let program = Process()
        program.executableURL = URL(filePath: ProcessInfo.processInfo.environment["HELIOGRAPH_QUICK_START"] ?? "")
        program.currentDirectoryURL = folder.url
        let output = Pipe()
        program.standardOutput = output
        try program.run()
        let printed = try output.fileHandleForReading.readToEnd().map { String(decoding: $0, as: UTF8.self) } ?? ""
        program.waitUntilExit()
        #expect(program.terminationStatus == 0)
        #expect(printed.contains("the bridge is open again"))
    }

    @Test func anEncryptedGroupWithATerminal() async throws {
        let chloe = try await Phone.add(.chloe, in: folder)
        try await chloe.publishKeys()
        let dora = ServerUnderTest.account(.dora)
        let terminal = try TerminalShell(dora, in: folder)
        defer { terminal.end() }
        _ = try await terminal.until("catches up") { $0.event == "caught-up" }
        // What it is asked now is answered after the server took its keys: see `Phone.publishKeys`.
        try terminal.command(["do": "send", "to": ServerUnderTest.account(.jan).address, "text": "hello?"])
        _ = try await terminal.until("the answer about keys") { $0.event == "conversation" && $0.state == "active" }

        let group = try await chloe.client.createGroup(named: "Ridge", members: [dora.address])
        try await chloe.client.send("who has the rope?", to: group)
        let heard = try await terminal.until("the text") { $0.text == "who has the rope?" && $0.event == "message" }
        #expect(heard.security == "encrypted" && heard.sender == chloe.client.address)
        #expect(
            try await chloe.client.members(of: group).map(\.address).sorted()
                == [chloe.client.address, dora.address].sorted())

        try terminal.command(["do": "send", "to": String(heard.conversation!), "text": "I have it"])
        let answer = try await chloe.until("the answer", in: group) { $0.text == "I have it" }
        #expect(answer.security == .encrypted && answer.sender == .account(address: dora.address, name: "dora"))
        #expect(try await chloe.client.conversation(group).name == "Ridge")
        try await chloe.client.shutdown()
    }
}
