import HeliographCore

/// How far push has got: as it is now, then each time it changes. States in between may be left out.
public struct PushStates: AsyncSequence, Sendable {
    let core: HeliographClient

    /// A subscription of its own, which begins with the state as it is.
    public func makeAsyncIterator() -> Iterator {
        Iterator(core: core)
    }

    /// See ``Client/pushStates``.
    public struct Iterator: AsyncIteratorProtocol {
        let core: HeliographClient
        var changes: PushChanges?

        /// The state; `nil` once the task is cancelled.
        public mutating func next() async throws(HeliographError) -> Push? {
            if Task.isCancelled { return nil }
            guard let changes else {
                // The core answers a new subscription at once.
                changes = try attempt { try core.pushChanges() }
                return try await next()
            }
            do {
                return try await attemptUntilCancelled { try await changes.next(cancellation: $0) }
            } catch  where Task.isCancelled && error.code == .closed {
                return nil
            }
        }
    }
}

extension Client {
    /// Has the server announce messages at an app server while this device sleeps (XEP-0357), and nowhere else. Everything
    /// in the target is the app server's and passed on as it is. The wish is kept, and made again with each new session;
    /// ``pushStates`` tells how far it is.
    public func enablePush(_ target: PushTarget) async throws(HeliographError) {
        try await attempt { try await core.enablePush(target: target) }
    }

    /// Takes ``enablePush(_:)`` back. Until the server knows, it may go on announcing.
    public func disablePush() async throws(HeliographError) {
        try await attempt { try await core.disablePush() }
    }

    /// How far push has got.
    public func push() async throws(HeliographError) -> Push {
        try await attempt { try await core.push() }
    }

    /// How far push has got, now and as it changes, until the task is cancelled or the client shut down (`closed`).
    public var pushStates: PushStates { PushStates(core: core) }
}
