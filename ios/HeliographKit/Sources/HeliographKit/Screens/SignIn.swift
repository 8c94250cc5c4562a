import Foundation
import Heliograph
import Observation

/// Signing in for the first time on this device.
@MainActor
@Observable
public final class SignIn {
    /// `name@server`.
    public var address = ""
    /// The password; gone as soon as it was used.
    public var password = ""
    /// Where to connect to, as `host` or `host:port`, if not where the domain says.
    public var server = ""
    /// A private authority to trust, in PEM.
    public var authority: String?
    /// At work.
    public private(set) var isSigningIn = false
    /// Why it did not work.
    public var failure: HeliographError?
    /// The server's certificate, if it is refused, with its problem. If it is `confirmable`, the user compares it with what the
    /// operator says, and then calls ``trust()``.
    public private(set) var question: ServerCertificate?
    /// The key that the user has confirmed.
    private var trustedKey: String?

    private let accounts: Accounts
    private let inspect: (AccountConfig) async throws -> ServerCertificate

    /// Into these accounts. `inspect` looks at the certificate of a server that was refused; if none is given, the core does.
    public init(accounts: Accounts, inspect: ((AccountConfig) async throws -> ServerCertificate)? = nil) {
        self.accounts = accounts
        self.inspect = inspect ?? { try await Client.inspectServer(of: $0) }
    }

    /// All that is needed was typed.
    public var canSignIn: Bool { !isSigningIn && !address.trimmed.isEmpty && !password.isEmpty }

    /// Takes the address from a link or QR code (`xmpp:ana@example.org`). Passwords are in none.
    public func follow(link: String) {
        do throws(HeliographError) {
            let contact = try Client.readAddress(link)
            guard contact.kind == .account else { throw SignIn.noAccount }
            address = contact.address
            failure = nil
        } catch {
            failure = error
        }
    }

    /// Signs in, and opens the account. Cancelling the task ends it and leaves nothing behind.
    public func signIn() async -> Client? {
        guard canSignIn else { return nil }
        isSigningIn = true
        defer { isSigningIn = false }
        do {
            let client = try await accounts.add(try configuration())
            password = ""
            failure = nil
            return client
        } catch let error as HeliographError {
            failure = Task.isCancelled ? nil : error
            if error.code == .certificateRejected { await ask() }
        } catch {
            failure = Accounts.locked
        }
        return nil
    }

    /// Refused a moment ago and believed now, as where a hotel's network has answered: nothing to ask. Nor if the user has asked
    /// for this key.
    private func ask() async {
        guard trustedKey == nil, let shown = try? await inspect(configuration()), !shown.trusted else {
            return
        }
        question = shown
        failure = nil
    }

    /// The user has compared the certificate; the next ``signIn()`` accepts its key.
    public func trust() {
        guard let shown = question, shown.confirmable else { return }
        trustedKey = shown.keyPin
        question = nil
    }

    /// The user has not.
    public func distrust() {
        question = nil
    }

    private func configuration() throws -> AccountConfig {
        var place: ServerOverride?
        if !server.trimmed.isEmpty { place = try Client.readServer(server) }
        return AccountConfig(
            address: address, password: password, server: place, extraCaPem: authority, trustedKey: trustedKey)
    }

    private static let noAccount = HeliographError(
        code: .invalidArgument,
        name: "invalid-argument",
        transient: false,
        advice: "This is the address of a room, and nobody can sign in with it.",
        detail: "a link to a room"
    )
}
