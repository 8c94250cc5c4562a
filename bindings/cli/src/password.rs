//! Where the account's password comes from: the terminal without echo, or the first line of the input. Never an
//! argument or an environment variable, and never printed.

use std::io::{self, BufRead, IsTerminal};

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Reads the password once. The value is wiped from memory when dropped.
pub fn read(from_stdin: bool) -> Result<Zeroizing<String>, Failure> {
    let password = if from_stdin {
        first_line(&mut io::stdin().lock())
    } else if io::stdin().is_terminal() {
        rpassword::prompt_password("Password: ").map(Zeroizing::new)
    } else {
        return Err(Failure::NoPassword);
    };
    let password = password.map_err(|source| Failure::File { what: "The input", source })?;
    if password.is_empty() { Err(Failure::NoPassword) } else { Ok(password) }
}

/// The first line without its end. Blanks are kept: they may belong to the password.
fn first_line(input: &mut impl BufRead) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    input.read_line(&mut line)?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn only_the_line_end_is_cut() {
        assert_eq!(first_line(&mut " pass word \r\nmore\n".as_bytes()).unwrap().as_str(), " pass word ");
        assert_eq!(first_line(&mut "secret".as_bytes()).unwrap().as_str(), "secret");
        assert_eq!(first_line(&mut "".as_bytes()).unwrap().as_str(), "");
    }
}
