"""A form for people out of the JSON Schema of a question (``spec/cluster-jobs.md`` §5.5)."""

from typing import Any

from django import forms
from unfold import widgets

PLAIN = {"integer": forms.IntegerField, "number": forms.FloatField, "string": forms.CharField}
WIDGETS = {
    "integer": widgets.UnfoldAdminIntegerFieldWidget,
    "number": widgets.UnfoldAdminDecimalFieldWidget,
    "string": widgets.UnfoldAdminTextInputWidget,
}
LEFT_OUT: tuple[Any, ...] = (None, "", [], {})


def fields_of(schema: dict[str, Any], initial: dict[str, Any]) -> dict[str, forms.Field]:
    """One field a property. What no widget fits (lists, objects) is asked for as JSON.

    The schema itself stays the judge of an answer: the fields only help to give one.
    """
    required = schema.get("required", [])
    return {
        name: _field(
            _resolved(property_, schema),
            required=name in required and "default" not in property_,
            initial=initial.get(name, property_.get("default")),
            label=property_.get("title", name.replace("_", " ").capitalize()),
            help_text=property_.get("description", ""),
        )
        for name, property_ in schema.get("properties", {}).items()
    }


def answer_from(cleaned: dict[str, Any]) -> dict[str, Any]:
    """What was filled in; a field left empty is not part of the answer."""
    return {name: value for name, value in cleaned.items() if value not in LEFT_OUT}


def _resolved(property_: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference; of a choice between something and null take the something."""
    if "$ref" in property_:
        return _resolved(schema["$defs"][property_["$ref"].rpartition("/")[2]], schema)
    kinds = [kind for kind in property_.get("anyOf", []) if kind.get("type") != "null"]
    return _resolved(kinds[0], schema) if len(kinds) == 1 else property_


def _field(kind: dict[str, Any], **common: Any) -> forms.Field:
    type_ = kind.get("type")
    if "enum" in kind and all(isinstance(one, str) for one in kind["enum"]):
        choices = [(one, one) for one in kind["enum"]]
        choices = choices if common["required"] and common["initial"] else [("", "–"), *choices]
        return forms.ChoiceField(choices=choices, widget=widgets.UnfoldAdminSelectWidget, **common)
    if type_ == "boolean":
        return forms.BooleanField(widget=widgets.UnfoldBooleanSwitchWidget, **common | {"required": False})
    if type_ not in PLAIN or "enum" in kind:
        return forms.JSONField(widget=widgets.UnfoldAdminTextareaWidget, **common)
    return PLAIN[type_](widget=WIDGETS[type_], **common)
