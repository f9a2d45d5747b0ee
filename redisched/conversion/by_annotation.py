"""The conversion by the annotations of a handler."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Never, NoReturn

from redisched.conversion.annotations import Forms
from redisched.conversion.conversion import Given, WrongArguments, refuse_other_codec
from redisched.conversion.form import ALLOWED, Form, Mismatch, Unsupported, converted, words_of
from redisched.conversion.parameters import Annotations, ByParameter, NotAType, by_parameter
from redisched.conversion.proof import proved
from redisched.conversion.records import Surplus
from redisched.conversion.scalars import anything
from redisched.errors import InvalidArguments, InvalidOption, NotEncodable, Undecodable
from redisched.redaction import REDACTED, SECRETS


class ByAnnotation:
    """Turns each value into the form of its annotation, and back."""

    codec: str | None = None

    def __init__(self, name: str, annotations: Annotations, *, has_result: bool) -> None:
        """Raises InvalidOption for an annotation whose values cannot travel. `has_result` False: the result is kept
        nowhere, so it can be anything.
        """
        self._name = name
        self._annotations = annotations
        self._has_result = has_result
        self._has_unknown_names = False
        self._resolve()
        self._is_open = self._has_unknown_names

    @property
    def is_needed(self) -> bool:
        """Whether some value travels in another form than its own, as far as that is known yet."""
        known = [form for _, form in (*self._forms.by_position, self._forms.rest)]
        known += [*self._forms.by_name.values(), self._forms.others, self._result]
        return self._is_open or not all(form.is_plain for form in known)

    def encode_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
        self._resolve_open()
        return _converted(self._encoded, self._given_forms, args, kwargs)

    def decode_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any], codec: str | None) -> Given:
        refuse_other_codec(self._name, codec, None)
        try:
            self._resolve_open()
        except InvalidOption as error:
            raise WrongArguments(str(error)) from error
        return _converted(self._decoded, self._forms, args, kwargs)

    def read_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
        self._resolve_open()
        return _converted(self._read, self._given_forms, args, kwargs)

    def encode_result(self, result: Any) -> Any:
        self._resolve_open()
        if self._result.is_plain:
            return result
        try:
            return converted(self._encode(self._result), self._result, result)
        except Mismatch as error:
            raise NotEncodable(
                f"result of {self._name}", result, f"{self._result.words} as annotated; {error}"
            ) from None

    def decode_result(self, result: Any) -> Any:
        self._resolve_open()
        if self._result.is_plain:
            return result
        try:
            return converted(self._result.decode, self._result, result)
        except Mismatch as error:
            raise Undecodable(f"the result of {self._name} is no {self._result.words} as annotated: {error}") from None

    def _encoded(self, parameter: str, form: Form, value: Any) -> Any:
        encode = self._encode(form)
        try:
            return converted(encode, form, value)
        except Mismatch as error:
            mismatch = error
        try:
            # What is given in the form in which it travels, such as a text for a path, is read as annotated.
            return converted(lambda given: encode(form.decode(given)), form, value)
        except Mismatch as error:
            said = mismatch if len(mismatch.place) > len(error.place) else error
            raise self._refusal(parameter, form, value, said) from None

    def _encode(self, form: Form) -> Callable[[Any], Any]:
        return proved(form) if self._need_proof else form.encode

    def _read(self, parameter: str, form: Form, value: Any) -> Any:
        try:
            return converted(form.decode, form, value)
        except Mismatch as error:
            raise self._refusal(parameter, form, value, error) from None

    def _refusal(self, parameter: str, form: Form, value: Any, error: Mismatch) -> InvalidArguments:
        if SECRETS.hides(parameter):
            return InvalidArguments(f"{parameter} of {self._name}", REDACTED, f"{form.words} as annotated")
        return InvalidArguments(f"{parameter} of {self._name}", value, f"{form.words} as annotated; {error}")

    def _decoded(self, parameter: str, form: Form, value: Any) -> Any:
        try:
            return converted(form.decode, form, value)
        except Mismatch as error:
            said = f"argument {parameter} of {self._name} is no {form.words} as annotated"
            if SECRETS.hides(parameter):
                raise WrongArguments(said) from None
            raise WrongArguments(f"{said}: {error}") from error.__cause__

    def _resolve_open(self) -> None:
        """Look up once more what was not defined yet when the handler was registered. What is still not defined, such
        as what only a type checker imports, counts as not annotated.
        """
        if self._is_open:
            self._resolve()
            # Last, as another thread may be here, too, and must not take the forms of before for the last ones.
            self._is_open = False

    def _resolve(self) -> None:
        forms = Forms()
        self._forms: ByParameter[Form] = self._by_parameter(forms)
        self._given_forms: ByParameter[Form] = self._by_parameter(Forms(Surplus.REFUSED))
        place = f"annotation of the result of {self._name}"
        self._result = self._form(forms, place, self._annotations.of_result) if self._has_result else anything()
        self._need_proof = forms.need_proof

    def _by_parameter(self, forms: Forms) -> ByParameter[Form]:
        def of_parameter(parameter: inspect.Parameter) -> Form:
            place = f"annotation of {parameter.name} of {self._name}"
            return self._form(forms, place, lambda: self._annotations.of(parameter.annotation))

        return by_parameter(self._annotations.of_each(), of_parameter, anything())

    def _form(self, forms: Forms, place: str, annotation_of: Callable[[], Any]) -> Form:
        try:
            annotation = annotation_of()
        except NameError:
            self._has_unknown_names = True
            return anything()
        except NotAType as error:
            raise InvalidOption(place, error.annotation, str(error)) from None
        if annotation in (Never, NoReturn):
            return anything()
        try:
            return forms.of(annotation)
        except Unsupported as error:
            within = "" if error.words == words_of(annotation) else f", where {error.words} is the cause"
            reason = error.reason or f"use {ALLOWED}"
            raise InvalidOption(place, annotation, f"its values cannot travel{within}; {reason}") from None
        except RecursionError:
            allowed = "its values cannot travel, as the alias holds itself; use a dataclass that does, or write Any"
            raise InvalidOption(place, annotation, allowed) from None


def _converted(
    convert: Callable[[str, Form, Any], Any], forms: ByParameter[Form], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Given:
    positional, named = forms.each(args, kwargs)
    return (
        [value if form.is_plain else convert(name, form, value) for name, form, value in positional],
        {name: value if form.is_plain else convert(name, form, value) for name, form, value in named},
    )
