#if os(Linux)
    import Foundation
    import Glibc
    import Heliograph
    import Testing

    @testable import HeliographKit

    /// A disk of a few megabytes, in sight of this process only (`mount_namespaces(7)`): the runner starts the tests in a
    /// namespace of their own, in which they may mount.
    private final class SmallDisk {
        let place: URL
        private var ballast: URL { place.appending(path: "ballast") }

        /// Room for an account's database and its log, and some more.
        init(bytes: Int = 6 * 1024 * 1024) throws {
            place = FileManager.default.temporaryDirectory.appending(path: "small-disk-\(UUID())")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            guard mount("tmpfs", place.path, "tmpfs", 0, "size=\(bytes)") == 0 else {
                throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EPERM)
            }
        }

        deinit {
            umount2(place.path, Int32(MNT_DETACH))
            rmdir(place.path)
        }

        /// Fills it to the last byte.
        func fill() {
            let file = open(ballast.path, O_CREAT | O_WRONLY | O_APPEND, 0o600)
            for size in [64 * 1024, 4096, 1] {
                let block = [UInt8](repeating: 0, count: size)
                while write(file, block, size) > 0 {}
            }
            close(file)
        }

        func free() throws { try FileManager.default.removeItem(at: ballast) }
    }

    /// A device whose disk is full: what can't be kept is said and stays where the user wrote it.
    @Suite(.serialized) @MainActor struct FullDisk {
        /// Longer than what may be free inside the database's files when the disk is full.
        private static let long = String(repeating: "x", count: 60_000)

        @Test func whatCannotBeKeptStaysInTheField() async throws {
            let disk = try SmallDisk()
            let device = try Device(folder: disk.place.appending(path: "phone"))
            let client = try await device.signIn("pia")
            device.network.become(NetworkSnapshot(isAvailable: false))
            let front = device.front()
            await front.enterForeground()
            await front.use(client)
            let session = try #require(front.session)
            let chat = session.chat(try await client.startChat(with: "ben@example.org"))
            let listening = Task { await chat.listen() }
            try await until("the chat") { chat.canWrite }
            chat.draft = "before"
            await chat.send()
            try await until("the first text") { chat.bubbles.last?.text == "before" }

            disk.fill()
            var text = ""
            // Some may still fit into the database's own files.
            for number in 0..<200 {
                text = "number \(number) " + Self.long
                chat.draft = text
                await chat.send()
                if chat.failure != nil { break }
            }
            #expect(chat.failure?.code == .diskFull && chat.failure?.advice.contains("free some space") == true)
            #expect(chat.draft == text, "what was not kept is gone")
            chat.failure = nil
            await chat.keepDraft()
            #expect(chat.failure?.code == .diskFull && chat.draft == text)

            // The app goes behind and comes back, full as it is.
            await front.enterBackground()
            await front.enterForeground()
            #expect(chat.draft == text && front.obstacle == nil)

            try disk.free()
            chat.failure = nil
            await chat.send()
            #expect(chat.failure == nil && chat.draft.isEmpty)
            try await until("the text") { chat.bubbles.last?.text == text }
            listening.cancel()
            await listening.value
            await front.end()
            let restarted = device.front()
            await restarted.enterForeground()
            await restarted.open()
            #expect(try await restarted.session?.client.search("before").count == 1)
            await restarted.end()
        }

        @Test func anAnswerThatCannotBeKeptIsShownAgainAndAnAccountIsNotHalfMade() async throws {
            let disk = try SmallDisk()
            let device = try Device(folder: disk.place.appending(path: "phone"))
            disk.fill()
            let screen = SignIn(accounts: device.accounts)
            (screen.address, screen.password) = (Server.address("pia"), Server.password("pia"))
            (screen.server, screen.authority) = (Server.place, Server.authority)
            #expect(await screen.signIn() == nil && screen.failure?.code == .diskFull)
            #expect(!device.accounts.hasAccount && screen.password == Server.password("pia"))
            try disk.free()
            let client = try #require(await screen.signIn(), "\(String(describing: screen.failure))")

            device.network.become(NetworkSnapshot(isAvailable: false))
            let front = device.front()
            await front.use(client)
            let session = try #require(front.session)
            let id = try await opened(session)
            disk.fill()
            let text = "on my way " + Self.long
            for _ in 0..<200 where device.board.alerts.isEmpty {
                await front.act(on: .reply(text, to: MessageID(1), in: id))
            }
            #expect(device.board.alerts.first?.title == "Not sent" && device.board.alerts.first?.body == text)
            await front.end()
        }

        /// A chat with somebody, begun while the app was in front.
        private func opened(_ session: Session) async throws -> ConversationID {
            try await session.enterForeground()
            let id = try await session.client.startChat(with: "ben@example.org")
            try await session.enterBackground()
            return id
        }
    }
#endif
