// The notification extension as a process of its own: what it is in the system, without the system.
//
//     PushWakeProgram wake FOLDER KEY     follows a push message up, and prints what it would show
//     PushWakeProgram hold FOLDER KEY     opens the store, says so, and holds it until its input ends or it is killed
//
// KEY is the store's, in Base64.

import Foundation
import Heliograph
import HeliographKit

struct GivenKey: KeyStore {
    let key: Data
    func save(_ key: Data) throws {}
    func load() throws -> Data? { key }
}

struct NoBoard: NotificationBoard {
    func permission() async -> NotificationPermission { .granted }
    func ask() async -> NotificationPermission { .granted }
    func show(_ alert: Alert) async {}
    func shown() async -> [ConversationID: MessageID] { [:] }
    func withdraw(_ conversations: [ConversationID]) async {}
    func setBadge(_ count: Int) async {}
}

struct NoShelf: PreferenceShelf {
    func load() -> Preferences { Preferences() }
    func save(_ preferences: Preferences) {}
}

struct NoSignal: StoreSignal {
    var freed: AsyncStream<Void> { AsyncStream { $0.finish() } }
    func tell() {}
}

let arguments = CommandLine.arguments
guard arguments.count == 4, let key = Data(base64Encoded: arguments[3]) else {
    fatalError("usage: PushWakeProgram wake|hold FOLDER KEY")
}
let accounts = Accounts(folder: URL(filePath: arguments[2]), keys: GivenKey(key: key))
switch arguments[1] {
case "wake":
    let wake = PushWake(
        accounts: accounts, board: NoBoard(), shelf: NoShelf(), signal: NoSignal(),
        words: AlertWords(title: "Heliograph", unspecific: "something", notSent: ""))
    let alert = await wake.alert()
    print("\(alert.title): \(alert.body)")
default:
    let client = try await accounts.open()
    FileHandle.standardOutput.write(Data("open\n".utf8))
    while readLine() != nil {}
    try await client.shutdown()
}
