import Foundation
import Heliograph
import Testing

/// What a user is told who can't be signed in, and what is left then: nothing.
@Suite struct SigningIn {
    let folder: Folder
    let ana = ServerUnderTest.account(.ana)

    init() throws {
        folder = try Folder()
    }

    @Test func aWrongPasswordIsTold() async throws {
        let error = await failure {
            try await Client.addAccount(ana.configuration(password: "guessed"), at: folder.store())
        }
        #expect(error?.code == .authenticationFailed)
        #expect(error?.transient == false)
        #expect(error?.advice.isEmpty == false)
        #expect(try folder.isEmpty)
    }

    @Test func aCertificateThatNobodyVouchesForIsTold() async throws {
        let error = await failure { try await Client.addAccount(ana.configuration(authority: nil), at: folder.store()) }
        #expect(error?.code == .certificateRejected)
        #expect(try folder.isEmpty)
    }

    @Test func aServerThatIsNotThereMayComeBack() async throws {
        var configuration = ana.configuration()
        // Nobody listens there: it was free a moment ago, and low ports are given to nobody by chance.
        configuration.server?.port = 1
        let error = await failure { try await Client.addAccount(configuration, at: folder.store()) }
        #expect(error?.code == .networkUnavailable)
        #expect(error?.transient == true)
        #expect(try folder.isEmpty)
    }

    @Test(.timeLimit(.minutes(1))) func aSignInThatIsGivenUpEndsAtOnceAndLeavesNothing() async throws {
        let silent = try SilentServer()
        var configuration = ana.configuration()
        configuration.server = ServerOverride(host: "127.0.0.1", port: silent.port, tls: .direct)
        let store = folder.store()
        let signingIn = Task { [configuration] in try await Client.addAccount(configuration, at: store) }
        await silent.connected()
        signingIn.cancel()
        #expect(await failure { try await signingIn.value }?.code == .closed)
        #expect(try folder.isEmpty)
    }

    @Test func malformedAccountsAreRefusedBeforeAnythingIsSent() async throws {
        for address in ["", "ana", "@example.org", "ana@example.org/phone"] {
            let configuration = AccountConfig(address: address, password: "x")
            let error = await failure { try await Client.addAccount(configuration, at: folder.store()) }
            #expect(error?.code == .invalidArgument, "\(address)")
        }
        let short = StoreLocation(file: folder.url.appending(path: "a.db"), key: Data([1, 2, 3]))
        #expect(await failure { try await Client.addAccount(ana.configuration(), at: short) }?.code == .invalidArgument)
        #expect(try folder.isEmpty)
    }
}

/// What the call failed with.
func failure(_ call: () async throws -> Void) async -> HeliographError? {
    do {
        try await call()
    } catch let error as HeliographError {
        return error
    } catch {
        Issue.record(error, "not an error of Heliograph")
    }
    return nil
}
