import Foundation
import Heliograph
import Observation

/// What all screens share: an account, and the failure of the last thing that the user asked for.
///
/// A screen holds what is to be seen and nothing that decides about messages. It listens while ``listen()`` runs, which a view
/// does as long as it is shown (SwiftUI's `.task`), and stops when that task is cancelled.
@MainActor
@Observable
public class Screen {
    let client: Client

    /// Why the last thing that the user asked for did not work; `nil` once it was shown.
    public var failure: HeliographError?

    init(client: Client) {
        self.client = client
    }

    /// Runs what the user asked for and keeps its failure for the view.
    @discardableResult
    func perform<Value: Sendable>(_ work: @Sendable () async throws -> Value) async -> Value? {
        do {
            let value = try await work()
            failure = nil
            return value
        } catch let error as HeliographError {
            failure = error
        } catch {
            // Nothing else is thrown by the core.
        }
        return nil
    }

    /// Listens until the task is cancelled or the account is closed; what else goes wrong is shown.
    func listening(_ work: () async throws -> Void) async {
        do {
            try await work()
        } catch let error as HeliographError where error.code != .closed {
            failure = error
        } catch {
            // The account was closed, and the screen with it.
        }
    }
}
