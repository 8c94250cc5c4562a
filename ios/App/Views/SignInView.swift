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
                Text(certificate.explanation)
            }
        }
    }
}
