import Foundation
import HeliographCore

/// Why something failed: decide by its `code`. Free of private data, so it may be logged.
///
/// Every call throws this and nothing else; what failed by itself (a connection, a conversation, a message) carries one.
public typealias HeliographError = HeliographCore.Failure

/// What happened, as far as an app can act on it.
public typealias ErrorCode = HeliographCore.ErrorCode

extension HeliographError {
    /// What the core threw, with the one variant of the boundary's error taken apart.
    init(thrown error: any Error) {
        switch error {
        case let error as HeliographError:
            self = error
        case HeliographCore.HeliographError.Failed(let code, let name, let transient, let advice, let detail):
            self.init(code: code, name: name, transient: transient, advice: advice, detail: detail)
        default:
            // The generated code's own errors: the two sides don't fit together, or the core panicked.
            self.init(
                code: .internal,
                name: "internal",
                transient: false,
                advice: "A fault in Heliograph: please report it.",
                detail: "the binding failed"
            )
        }
    }
}

/// Calls the core; whatever it throws becomes a ``HeliographError``.
func attempt<Value>(_ call: () throws -> Value) throws(HeliographError) -> Value {
    do {
        return try call()
    } catch {
        throw HeliographError(thrown: error)
    }
}

/// Calls the core and waits; whatever it throws becomes a ``HeliographError``.
func attempt<Value: Sendable>(_ call: @Sendable () async throws -> Value) async throws(HeliographError) -> Value {
    do {
        return try await call()
    } catch {
        throw HeliographError(thrown: error)
    }
}

/// Calls the core and waits until it answers or the current task is cancelled, which ends the call.
func attemptUntilCancelled<Value: Sendable>(
    _ call: @Sendable (Cancellation) async throws -> Value
) async throws(HeliographError) -> Value {
    let cancellation = Cancellation()
    return try await attempt {
        try await withTaskCancellationHandler {
            try await call(cancellation)
        } onCancel: {
            cancellation.cancel()
        }
    }
}
