/// Works that must not meet: one at a time, in the order in which they were asked for.
@MainActor
final class Turns {
    private var last: Task<Void, Never>?

    /// Does `work` once all that was asked for before is done.
    func take(_ work: @escaping @MainActor () async throws -> Void) async throws {
        let before = last
        let task = Task {
            await before?.value
            try await work()
        }
        last = Task { _ = await task.result }
        try await task.value
    }
}
