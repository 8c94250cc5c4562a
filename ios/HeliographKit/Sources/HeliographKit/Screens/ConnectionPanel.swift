import Foundation
import Heliograph
import Observation

/// The truth about the connection and the battery: how it is, and what cost how much.
@MainActor
@Observable
public final class ConnectionPanel: Screen {
    /// The state; `nil` before ``listen()`` has begun.
    public private(set) var connection: Connection?
    /// Bytes and round trips since the account was opened.
    public private(set) var traffic: Traffic?
    /// What was spent in the last seven days, by what the phone was doing: the costliest first.
    public private(set) var usage: Usage?
    /// When the system is asked to wake this app next.
    public private(set) var nextCatchUp: Date?
    /// How far push has got.
    public private(set) var push: Push?

    /// Of an account.
    public override init(client: Client) {
        super.init(client: client)
    }

    /// Whether the inbox shows a line about it: not while everything is as it should be.
    public var needsAttention: Bool {
        guard let connection else { return false }
        return connection.state != .online || connection.unanswered
    }

    /// Only another password helps.
    public var wantsPassword: Bool { connection?.failure?.code == .authenticationFailed }

    /// Keeps the panel true until the task is cancelled.
    public func listen() async {
        await listening {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.listenToConnection() }
                group.addTask { try await self.listenToPush() }
                try await group.waitForAll()
            }
        }
    }

    private func listenToConnection() async throws {
        for try await state in client.connectionStates {
            connection = state
            try await count()
        }
    }

    private func count() async throws(HeliographError) {
        traffic = try client.traffic()
        do {
            usage = try await client.usage()
            nextCatchUp = try await client.nextCatchUp()
        } catch  where error.code == .closed {
            // The account sleeps, or is gone: the next state says which.
        }
    }

    /// Counts again.
    public func refresh() async {
        await listening { try await count() }
    }

    private func listenToPush() async throws {
        for try await state in client.pushStates { push = state }
    }

    /// Tries again after a failure that doesn't pass by itself.
    public func tryAgain() async {
        let client = client
        await perform { try client.start() }
    }
}
