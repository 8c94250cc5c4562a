//! What the library shows to other languages, as text: every function, object, record, enum and error with its types.
//!
//! `bindings/ffi/surface.txt` is that text of the present version. Whoever changes it changes what apps are written against,
//! and sees in the difference what they have to follow.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use camino::Utf8Path;
use uniffi_bindgen::macro_metadata::extract_from_library;
use uniffi_meta::{
    DefaultValueMetadata, EnumShape, FieldMetadata, FnParamMetadata, LiteralMetadata, Metadata, Type,
};

/// The description of a built library that was not stripped.
pub fn describe(library: &Utf8Path) -> anyhow::Result<String> {
    let metadata = extract_from_library(library).context("reading the library's metadata")?;
    // By name, and below each object its constructors and methods.
    let mut entries: BTreeMap<String, String> = BTreeMap::new();
    for item in metadata {
        if let Some((name, text)) = entry(item) {
            entries.insert(name, text);
        }
    }
    let mut text = String::from(
        "# What other languages see. Written by heliograph-bindgen; see bindings/ffi/README.md.\n",
    );
    for entry in entries.into_values() {
        text.push('\n');
        text.push_str(&entry);
    }
    Ok(text)
}

fn entry(item: Metadata) -> Option<(String, String)> {
    Some(match item {
        Metadata::Func(function) => {
            let call = Call {
                word: "function",
                is_async: function.is_async,
                inputs: &function.inputs,
                returns: function.return_type.as_ref(),
                throws: function.throws.as_ref(),
            };
            (format!("1 {}", function.name), call.line(&function.name))
        }
        Metadata::Object(object) => (format!("2 {}", object.name), format!("object {}\n", object.name)),
        Metadata::Constructor(made) => {
            let call = Call {
                word: "constructor",
                is_async: made.is_async,
                inputs: &made.inputs,
                returns: None,
                throws: made.throws.as_ref(),
            };
            let name = format!("{}.{}", made.self_name, made.name);
            (format!("2 {}.0 {}", made.self_name, made.name), call.line(&name))
        }
        Metadata::Method(method) => {
            let call = Call {
                word: "method",
                is_async: method.is_async,
                inputs: &method.inputs,
                returns: method.return_type.as_ref(),
                throws: method.throws.as_ref(),
            };
            let name = format!("{}.{}", method.self_name, method.name);
            (format!("2 {}.1 {}", method.self_name, method.name), call.line(&name))
        }
        Metadata::Record(record) => {
            let mut text = format!("record {}\n", record.name);
            record.fields.iter().for_each(|field| text.push_str(&field_line("    ", field)));
            (format!("3 {}", record.name), text)
        }
        Metadata::Enum(shown) => {
            let word = if matches!(shown.shape, EnumShape::Enum) { "enum" } else { "error" };
            let mut text = format!("{word} {}\n", shown.name);
            for variant in &shown.variants {
                let _ = writeln!(text, "    {}", variant.name);
                variant.fields.iter().for_each(|field| text.push_str(&field_line("        ", field)));
            }
            (format!("4 {}", shown.name), text)
        }
        // What this library does not use is still not to be overlooked.
        Metadata::Namespace(_) => return None,
        other => {
            let text = format!("{other:?}\n");
            (format!("5 {text}"), text)
        }
    })
}

/// Something that can be called.
struct Call<'a> {
    word: &'static str,
    is_async: bool,
    inputs: &'a [FnParamMetadata],
    returns: Option<&'a Type>,
    throws: Option<&'a Type>,
}

impl Call<'_> {
    fn line(&self, name: &str) -> String {
        let inputs: Vec<String> = self
            .inputs
            .iter()
            .map(|input| {
                format!("{}: {}{}", input.name, type_name(&input.ty), default(input.default.as_ref()))
            })
            .collect();
        let mut text = format!(
            "{}{} {name}({})",
            if self.is_async { "async " } else { "" },
            self.word,
            inputs.join(", ")
        );
        if let Some(returns) = self.returns {
            let _ = write!(text, " -> {}", type_name(returns));
        }
        if let Some(throws) = self.throws {
            let _ = write!(text, " throws {}", type_name(throws));
        }
        text.push('\n');
        text
    }
}

fn field_line(indent: &str, field: &FieldMetadata) -> String {
    format!("{indent}{}: {}{}\n", field.name, type_name(&field.ty), default(field.default.as_ref()))
}

fn default(value: Option<&DefaultValueMetadata>) -> String {
    match value {
        None => String::new(),
        Some(DefaultValueMetadata::Default) => " = default".to_owned(),
        Some(DefaultValueMetadata::Literal(literal)) => match literal {
            LiteralMetadata::Boolean(value) => format!(" = {value}"),
            LiteralMetadata::UInt(value, ..) => format!(" = {value}"),
            LiteralMetadata::Int(value, ..) => format!(" = {value}"),
            LiteralMetadata::String(value) => format!(" = {value:?}"),
            LiteralMetadata::None => " = none".to_owned(),
            LiteralMetadata::EmptySequence => " = []".to_owned(),
            other => format!(" = {other:?}"),
        },
    }
}

fn type_name(shown: &Type) -> String {
    match shown {
        Type::Object { name, .. } | Type::Record { name, .. } | Type::Enum { name, .. } => name.clone(),
        Type::Optional { inner_type } => format!("{}?", type_name(inner_type)),
        Type::Sequence { inner_type } => format!("[{}]", type_name(inner_type)),
        other => format!("{other:?}"),
    }
}
