"""How a tool declares its parameters (by signature, JSON Schema or model), and how its handler takes them."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel

from agentframework.tools.binding import (
    Binding,
    DictBinding,
    KeywordBinding,
    ModelBinding,
    SignatureBinding,
)
from agentframework.tools.definition import Definition
from agentframework.tools.docstring import Docstring
from agentframework.tools.inference import infer_model, schema_of_model, unresolved_annotation
from agentframework.tools.schema import ArgumentsSchema, check_schema
from agentframework.tools.signature import Parameter, Signature, read_signature

__all__ = ["declare"]

# pydantic writes these words for types that it checks itself when it builds the values
_BUILT_FORMATS: Final = frozenset({
    "date-time", "time", "duration", "uri", "multi-host-uri", "name-email", "password", "json-string",
    "uuid", "uuid1", "uuid3", "uuid4", "uuid5", "uuid6", "uuid7", "uuid8", "binary", "base64", "base64url",
    "ipv4network", "ipv6network", "ipv4interface", "ipv6interface",
    "ipvanyaddress", "ipvanynetwork", "ipvanyinterface", "path", "file-path", "directory-path",
})  # fmt: skip


def declare(
    handler: Callable[..., Any],
    parameters: Mapping[str, Any] | type[BaseModel] | None,
    docstring: Docstring,
    definition: Definition,
) -> tuple[ArgumentsSchema, Binding]:
    """The checked schema of a tool, and how its handler is called.

    Raises `ToolDefinitionError` for a schema that cannot be used, and for a handler that cannot take what it
    describes.
    """
    signature = read_signature(handler, definition)
    if parameters is None:
        inferred = infer_model(signature, docstring.parameters, definition)
        schema = check_schema(inferred.schema, definition, checked_elsewhere=_BUILT_FORMATS)
        binding = SignatureBinding(definition.tool, signature, inferred.model, schema, inferred.parameters)
        return schema, binding
    if isinstance(parameters, type):
        if not issubclass(parameters, BaseModel):
            raise definition.refused(f"its parameters are the class {parameters.__name__}, no pydantic model")
        name = _model_parameter(signature, definition)
        document = schema_of_model(parameters, definition)
        schema = check_schema(document, definition, checked_elsewhere=_BUILT_FORMATS)
        return schema, ModelBinding(definition.tool, signature, parameters, schema, name)
    schema = check_schema(parameters, definition)
    return schema, _declared_binding(signature, schema, definition)


def _model_parameter(signature: Signature, definition: Definition) -> str:
    arguments = signature.arguments
    required = [parameter for parameter in arguments if parameter.is_required]
    if not arguments or len(required) > 1:
        taken = ", ".join(parameter.name for parameter in required) or "none"
        raise unresolved_annotation(signature, definition) or definition.refused(
            f"its handler must take the model of its parameters as its one argument (it takes {taken})",
            "give the handler one parameter for the model, beside those for ToolContext and resources",
        )
    return (required or arguments)[0].name


def _declared_binding(signature: Signature, schema: ArgumentsSchema, definition: Definition) -> Binding:
    names, required = schema.declared()
    arguments = signature.arguments
    if len(arguments) == 1 and arguments[0].name not in names and _is_dict(arguments[0]):
        return DictBinding(definition.tool, signature, arguments[0].name)
    clashing = [name for name in names if name in signature.contexts or name in signature.resources]
    if clashing:
        received = "the ToolContext" if clashing[0] in signature.contexts else "a resource"
        raise definition.refused(
            f"its schema has the property {clashing[0]!r}, and so is named what receives {received}",
            "rename that parameter of the handler",
        )
    known = {parameter.name for parameter in arguments}
    untaken = [name for name in names if name not in known]
    if untaken and signature.extra is None:
        raise unresolved_annotation(signature, definition) or definition.refused(
            f"its schema has the property {untaken[0]!r}, which its handler does not take",
            "add a parameter of this name, or **kwargs, or take all arguments in one parameter annotated as a dict",
        )
    for parameter in arguments:
        if parameter.is_required and parameter.name not in required:
            raise unresolved_annotation(signature, definition) or definition.refused(
                f"its handler needs {parameter.name!r}, which its schema does not require",
                f'add it to "required", or give the parameter {parameter.name!r} a default',
            )
    return KeywordBinding(definition.tool, signature, None if signature.extra else frozenset(known))


def _is_dict(parameter: Parameter) -> bool:
    hint = parameter.annotation
    if typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    hint = typing.get_origin(hint) or hint
    return inspect.isclass(hint) and issubclass(hint, Mapping)
