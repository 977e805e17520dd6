"""Kinds of personal data that CloudWatch Logs finds and masks: AWS's managed data identifiers, by their names.

From aws-cdk-lib/aws-logs (`DataIdentifier`), read on 2026-11-29; the Amazon CloudWatch Logs user guide, "Types of data that you can protect", says
what each of them takes for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_EVERYWHERE: Final = (
    "Address", "AwsSecretKey", "CreditCardExpiration", "CreditCardNumber", "CreditCardSecurityCode", "EmailAddress", "IpAddress", "LatLong",
    "Name", "OpenSshPrivateKey", "PgpPrivateKey", "PhoneNumber", "PkcsPrivateKey", "PuttyPrivateKey", "VehicleIdentificationNumber",
)  # fmt: skip

_IN_COUNTRIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "BankAccountNumber": "DE ES FR GB IT US",
        "CepCode": "BR",
        "Cnpj": "BR",
        "CpfCode": "BR",
        "DriversLicense": "AT AU BE BG CA CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK US",
        "DrugEnforcementAgencyNumber": "US",
        "ElectoralRollNumber": "GB",
        "HealthInsuranceCardNumber": "EU",
        "HealthInsuranceClaimNumber": "US",
        "HealthInsuranceNumber": "FR",
        "HealthcareProcedureCode": "US",
        "IndividualTaxIdentificationNumber": "US",
        "InseeCode": "FR",
        "MedicareBeneficiaryNumber": "US",
        "NationalDrugCode": "US",
        "NationalIdentificationNumber": "DE ES IT",
        "NationalInsuranceNumber": "GB",
        "NationalProviderId": "US",
        "NhsNumber": "GB",
        "NieNumber": "ES",
        "NifNumber": "ES",
        "PassportNumber": "CA DE ES FR GB IT US",
        "PermanentResidenceNumber": "CA",
        "PersonalHealthNumber": "CA",
        "PhoneNumber": "BR DE ES FR GB IT US",
        "PostalCode": "CA",
        "RgNumber": "BR",
        "SocialInsuranceNumber": "CA",
        "Ssn": "ES US",
        "TaxId": "DE ES FR GB",
        "ZipCode": "US",
    }
)

DATA_IDENTIFIERS: Final = frozenset(
    {*_EVERYWHERE, *(f"{name}-{country}" for name, countries in _IN_COUNTRIES.items() for country in countries.split())}
)
"""Every name, such as EmailAddress or Ssn-US."""


def identifier_arn(name: str, partition: str = "aws") -> str:
    """ARN of a managed data identifier."""
    return f"arn:{partition}:dataprotection::aws:data-identifier/{name}"
