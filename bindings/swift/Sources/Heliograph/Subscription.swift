import HeliographCore

/// A subscription of the core: one call that waits and one that fetches, so that nothing is lost when the waiting ends early.
protocol Feed: AnyObject, Sendable {
    associatedtype Item: Sendable
    func ready(cancellation: Cancellation?) async throws
    func take(max: UInt32) throws -> [Item]
}

extension HeliographCore.Timeline: Feed {}
extension HeliographCore.ConversationFeed: Feed {}
extension HeliographCore.MessageFeed: Feed {}

extension Feed {
    /// At least one item and at most `max`, or `nil` if the task was cancelled: then what there is stays in the feed.
    func next(_ max: UInt32) async throws(HeliographError) -> [Item]? {
        while !Task.isCancelled {
            let items = try attempt { try take(max: max) }
            if !items.isEmpty { return items }
            do {
                try await attemptUntilCancelled { try await self.ready(cancellation: $0) }
            } catch  where Task.isCancelled && error.code == .closed {
                return nil
            }
        }
        return nil
    }
}

extension HeliographCore.Timeline {
    /// What was announced next, which is nothing where only seams have changed; `nil` if the task was cancelled: then it stays
    /// in the feed.
    func announced(_ max: UInt32) async throws(HeliographError) -> [Message]? {
        do {
            try await attemptUntilCancelled { try await self.ready(cancellation: $0) }
        } catch  where Task.isCancelled && error.code == .closed {
            return nil
        }
        return try attempt { try take(max: max) }
    }
}

/// Items fetched at once: a screen or two.
let batch: UInt32 = 64
