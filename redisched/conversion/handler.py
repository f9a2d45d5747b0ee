"""Decides at registration how the values of a handler travel."""

from redisched.conversion.by_annotation import ByAnnotation
from redisched.conversion.by_codec import ByCodec
from redisched.conversion.codec import Codec
from redisched.conversion.conversion import Conversion
from redisched.conversion.parameters import Annotations


def conversion_of(name: str, annotations: Annotations, codec: Codec | None, *, has_result: bool) -> Conversion | None:
    """The conversion of a handler; None if all its values travel as they are, so that its tasks cost nothing more.

    Raises InvalidOption for an annotation whose values cannot travel.
    """
    if codec is not None:
        return ByCodec(name, codec, annotations)
    conversion = ByAnnotation(name, annotations, has_result=has_result)
    return conversion if conversion.is_needed else None


def conversion_of_unknown(name: str, codec: Codec | None) -> Conversion | None:
    """The conversion of a handler that is not known here."""
    return None if codec is None else ByCodec(name, codec, None)
