import Heliograph
import HeliographKit
import SwiftUI

struct SignInView: View {
    @State var screen: SignIn
    let done: (Client) async -> Void

    var body: some View {
        NavigationStack {
            Form {
                Section {
                    AddressField(text: $screen.address).textContentType(.username)
                    SecureField("Password", text: $screen.password)
                        .textContentType(.password)
                    ScanButton { screen.follow(link: $0) }
                }
                Section("Advanced") {
                    TextField("Server", text: $screen.server, prompt: Text(verbatim: "host:5222"))
                        .textInputAutocapitalization(.never)
                        .autocorrectionDisabled()
                }
                Button("Sign in") {
                    Task { if let client = await screen.signIn() { await done(client) } }
                }
                .disabled(!screen.canSignIn)
                if screen.isSigningIn { ProgressView("Signing in") }
            }
            .navigationTitle("Heliograph")
            .alert($screen.failure)
            .alert(
                screen.question?.title ?? "", isPresented: .constant(screen.question != nil),
                presenting: screen.question
            ) { certificate in
                if certificate.confirmable {
                    Button("Trust this key", role: .destructive) {
                        screen.trust()
                        Task { if let client = await screen.signIn() { await done(client) } }
                    }
                }
                Button("Cancel", role: .cancel) { screen.distrust() }
            } message: { certificate in
                Text(certificate.why)
            }
        }
    }
}

extension ServerCertificate {
    fileprivate var title: LocalizedStringKey { confirmable ? "Do you know this server?" : "This server is refused" }

    /// Why it is refused, and what can be done about that.
    fileprivate var why: LocalizedStringKey {
        switch problem {
        case .expired: "Its certificate has expired. If this device's date is right, ask whoever runs it to renew it."
        case .notValidYet: "Its certificate is not valid yet. Check this device's date."
        case .otherName: "The certificate is for another server. On a public Wi-Fi, sign in there first."
        case .otherKey: "It has another key than the one that was expected: it may be an impostor."
        case .revoked: "Its certificate was taken back by whoever issued it."
        case .malformed: "What it shows is no proper certificate."
        case .unknownIssuer, nil: "Compare the fingerprint with what the operator says: \(fingerprintSha256)"
        }
    }
}
